//! Calls to the admin API of a running server.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::settings::Settings;
use crate::tls::this_certificate;
use crate::{banner, healthcheck};

use super::call::Call;
use super::output::one_line;

/// How long a call may take: creating a credential takes a hash that is slow by design.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The media type of a refusal (RFC 9457 §3).
const PROBLEM: &str = "application/problem+json";

/// A running server.
pub(super) struct Http {
    client: Client,
    base_url: Url,
    secret: SecretString,
}

impl Http {
    /// The server at `url`, or the one that the settings describe. The secret is sent there and nowhere
    /// else: no proxy is asked, and no redirection followed.
    ///
    /// # Errors
    /// Where there is no secret, or no URL.
    pub(super) fn new(settings: &Settings, url: Option<&str>) -> anyhow::Result<Self> {
        let Some(secret) = settings.scim_shared_secret.clone() else {
            bail!("SCIM_SHARED_SECRET: not set; the admin API takes the operator's secret");
        };
        let base_url = match url {
            Some(url) => url.to_owned(),
            None if settings.server_port == 0 => {
                bail!("SERVER_PORT: 0 may be any; name the port of the server, or its --url");
            }
            None => banner::local_url(healthcheck::address(settings)?, settings.tls.is_some()),
        };
        let base_url = Url::parse(&base_url).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        });
        let base_url = base_url.context("--url: expected an http or https URL without query and fragment")?;
        let mut client = Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT);
        if let (None, Some(tls)) = (url, &settings.tls) {
            // On this machine the server is known by the very certificate that the settings name.
            client = client.tls_backend_preconfigured(this_certificate(tls)?);
        }
        Ok(Self { client: client.build()?, base_url, secret })
    }

    /// Carries a call out; see [`Target`](super::Target).
    pub(super) async fn call(&self, call: &Call, cursor: Option<&str>) -> anyhow::Result<Value> {
        let (method, segments, body) = request(call);
        let mut url = self.url(&segments)?;
        let parameters = call.parameters(cursor);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&parameters);
        }
        let place = self.base_url.as_str().trim_end_matches('/');
        let mut request = self.client.request(method, url).bearer_auth(self.secret.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(reqwest::Error::without_url);
        let response = response.with_context(|| format!("no answer from {place}"))?;
        let status = response.status();
        let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM);
        let text = response.text().await.map_err(reqwest::Error::without_url);
        let text = text.with_context(|| format!("no answer from {place}"))?;
        if text.is_empty() && status.is_success() {
            return Ok(Value::Null);
        }
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        match answer {
            Some(answer) if status.is_success() => Ok(answer),
            Some(problem) if is_problem => bail!("{}", detail(&problem).unwrap_or(status.to_string())),
            _ => bail!(
                "{place} answers {status}, and not as the admin API does: expected the base URL of a \
                 server of this kind, without /scim/v2"
            ),
        }
    }

    /// The URL of these segments below `/admin`.
    fn url(&self, segments: &[&str]) -> anyhow::Result<Url> {
        // These would be another path than the one that is meant.
        if let Some(name) = segments.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            bail!("there is no tenant and no credential '{name}'");
        }
        let mut url = self.base_url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().push("admin").extend(segments);
            }
            Err(()) => bail!("--url: expected an http or https URL"),
        }
        Ok(url)
    }
}

/// What a problem document says (RFC 9457).
fn detail(problem: &Value) -> Option<String> {
    problem.get("detail").and_then(Value::as_str).map(one_line)
}

/// The method, the path below `/admin`, and the body of a call.
fn request(call: &Call) -> (Method, Vec<&str>, Option<&Value>) {
    const CREDENTIALS: &str = "credentials";
    match call {
        Call::TenantCreate { body } => (Method::POST, vec!["tenants"], Some(body)),
        Call::TenantList => (Method::GET, vec!["tenants"], None),
        Call::TenantShow { tenant } => (Method::GET, vec!["tenants", tenant], None),
        Call::TenantUpdate { tenant, patch } => (Method::PATCH, vec!["tenants", tenant], Some(patch)),
        Call::TenantDelete { tenant } => (Method::DELETE, vec!["tenants", tenant], None),
        Call::CredentialCreate { tenant, body } => {
            (Method::POST, vec!["tenants", tenant, CREDENTIALS], Some(body))
        }
        Call::CredentialList { tenant } => (Method::GET, vec!["tenants", tenant, CREDENTIALS], None),
        Call::CredentialRevoke { tenant, credential } => {
            (Method::DELETE, vec!["tenants", tenant, CREDENTIALS, credential], None)
        }
        Call::CredentialRotate { tenant, credential, body } => {
            (Method::POST, vec!["tenants", tenant, CREDENTIALS, credential, "rotate"], Some(body))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(base_url: &str, segments: &[&str], expected: Option<&str>) {
        let base_url = Url::parse(base_url).expect("a URL");
        let http = Http { client: Client::new(), base_url, secret: SecretString::from("x") };
        assert_eq!(http.url(segments).ok().as_ref().map(Url::as_str), expected);
    }

    #[test]
    fn a_name_is_one_segment() {
        check_url("http://h:1", &["tenants"], Some("http://h:1/admin/tenants"));
        check_url("http://h:1/", &["tenants", "a"], Some("http://h:1/admin/tenants/a"));
        check_url("http://h/gate", &["tenants"], Some("http://h/gate/admin/tenants"));
        check_url("http://h/gate/", &["tenants"], Some("http://h/gate/admin/tenants"));
        check_url("http://h", &["tenants", "a/b?c#d"], Some("http://h/admin/tenants/a%2Fb%3Fc%23d"));
        check_url("http://h", &["tenants", "%2e%2e"], Some("http://h/admin/tenants/%252e%252e"));
        for other in ["", ".", ".."] {
            check_url("http://h", &["tenants", "a", "credentials", other], None);
        }
    }
}
