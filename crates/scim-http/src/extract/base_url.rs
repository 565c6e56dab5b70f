//! The mount as the client knows it: what `meta.location` and `$ref` start with (RFC 7644 §3.1).

use actix_web::http::header::HOST;
use actix_web::{HttpMessage, HttpRequest};
use scim_domain::error::{ErrorKind, ScimError};

use crate::HttpSettings;
use crate::routes::MountPoint;

use super::Forwarded;

/// The configured base URL, or else the scheme and host of the request, or of what a trusted proxy says
/// that the client asked for, before the path of the mount as the request spells it.
///
/// # Errors
/// 400 where the request names a host that is none.
pub(crate) fn base_url(
    request: &HttpRequest,
    mount: MountPoint,
    settings: &HttpSettings,
) -> Result<String, ScimError> {
    let path = mount_path(request.uri().path(), mount.segments());
    Ok(origin(request, settings.public_base_url.as_deref())? + path)
}

/// What [`base_url`] puts before the path of the mount.
///
/// # Errors
/// As [`base_url`].
pub(super) fn origin(request: &HttpRequest, public: Option<&str>) -> Result<String, ScimError> {
    if let Some(public) = public {
        return Ok(public.to_owned());
    }
    let extensions = request.extensions();
    let forwarded = extensions.get::<Forwarded>();
    let own = if request.app_config().secure() { "https" } else { "http" };
    let scheme = forwarded.and_then(|forwarded| forwarded.scheme).unwrap_or(own);
    let host = match forwarded.and_then(|forwarded| forwarded.host.as_deref()) {
        Some(host) => host,
        None => host(request)?,
    };
    Ok([scheme, "://", host].concat())
}

/// The first `segments` segments of a path.
fn mount_path(path: &str, segments: usize) -> &str {
    let mut slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(index, _)| index);
    let end = slashes.nth(segments);
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// The host of the target, or of `Host` (RFC 9112 §3.2.2, §3.3).
fn host(request: &HttpRequest) -> Result<&str, ScimError> {
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(HOST).map(|host| host.to_str().unwrap_or_default()),
    };
    match host {
        Some(host) if is_host(host) => Ok(host),
        Some(_) => Err(ScimError::new(ErrorKind::BadRequest, "Host: expected a host, and at most a port")),
        // HTTP/1.0 knows no Host: the address that the server listens on will do.
        None => Ok(request.app_config().host()),
    }
}

/// Letters, digits and the marks of names, addresses and ports: nothing that could end the
/// authority of a URL, or the JSON string that it will be in.
pub(super) fn is_host(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]~%".contains(&byte);
    !host.is_empty() && host.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn settings(public_base_url: Option<&str>) -> HttpSettings {
        HttpSettings {
            public_base_url: public_base_url.map(str::to_owned),
            max_request_size: 1,
            request_timeout: std::time::Duration::from_secs(1),
            trusted_proxies: crate::TrustedProxies::default(),
            allowed_origins: crate::AllowedOrigins::default(),
            store_name: "memory",
        }
    }

    #[track_caller]
    fn check(uri: &str, host: Option<&str>, mount: MountPoint, public: Option<&str>, expected: &str) {
        let mut request = TestRequest::with_uri(uri);
        if let Some(host) = host {
            request = request.insert_header((HOST, host));
        }
        let found = base_url(&request.to_http_request(), mount, &settings(public));
        assert_eq!(found.map_err(|error| error.kind.status().to_string()), Ok(expected.to_owned()));
    }

    #[test]
    fn it_is_the_mount_as_the_client_spells_it() {
        let host = Some("scim.example:8080");
        check("/scim/v2/Users/1", host, MountPoint::Credential, None, "http://scim.example:8080/scim/v2");
        check("/scim/v2", host, MountPoint::Credential, None, "http://scim.example:8080/scim/v2");
        check("/scim/v2/", host, MountPoint::Credential, None, "http://scim.example:8080/scim/v2");
        check("/tenants/acme/Users", host, MountPoint::Tenant, None, "http://scim.example:8080/tenants/acme");
        check(
            "/tenants/acme/scim/v2/Users?a=/b/",
            host,
            MountPoint::TenantLong,
            None,
            "http://scim.example:8080/tenants/acme/scim/v2",
        );
        check("/scim/v2/Me", Some("[::1]:80"), MountPoint::Credential, None, "http://[::1]:80/scim/v2");
    }

    #[test]
    fn a_configured_url_counts_more_than_the_request() {
        let public = Some("https://id.example/gate");
        check(
            "/scim/v2/Users",
            Some("evil"),
            MountPoint::Credential,
            public,
            "https://id.example/gate/scim/v2",
        );
        check(
            "/scim/v2/Users",
            Some("\"><"),
            MountPoint::Credential,
            public,
            "https://id.example/gate/scim/v2",
        );
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in ["", "a/b", "a\"b", "user@host", "a b", "a?b", "a#b"] {
            let request = TestRequest::with_uri("/scim/v2/Users").insert_header((HOST, host));
            let error = base_url(&request.to_http_request(), MountPoint::Credential, &settings(None));
            assert_eq!(error.expect_err(host).kind, ErrorKind::BadRequest);
        }
    }
}
