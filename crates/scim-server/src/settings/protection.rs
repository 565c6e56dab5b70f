//! The settings of what protects the server: how often clients may ask, and who is believed.

use scim_domain::tenant::RateLimit;
use scim_http::{AllowedOrigins, TrustedProxies};

use super::reader::Reader;
use super::{keys, values};

/// What protects the server.
#[derive(Debug)]
pub struct ProtectionSettings {
    /// `RATE_LIMIT_PER_SECOND` and `RATE_LIMIT_BURST`; without them there is no limit.
    pub rate_limit: Option<RateLimit>,
    /// `TRUSTED_PROXIES`
    pub trusted_proxies: TrustedProxies,
    /// `CORS_ALLOWED_ORIGINS`
    pub cors_allowed_origins: AllowedOrigins,
}

const RATE: &str = "a number of requests, 0 to 1000000; 0 is no limit";
const BURST: &str = "a number of requests, 1 to 1000000";
const PROXIES: &str = "networks such as 10.0.0.0/8,2001:db8::/32";
const ORIGINS: &str = "origins such as https://app.example, without paths and wildcards";

/// Reads all of them. A burst is of a limit: it is refused where none is set, and where that is 0, which turns it
/// off, checked all the same.
pub(super) fn read(reader: &mut Reader<'_>) -> ProtectionSettings {
    let per_second = reader.or_default(&keys::RATE_LIMIT_PER_SECOND, RATE, rate, 0);
    let burst = reader.optional(
        &keys::RATE_LIMIT_BURST,
        BURST,
        |text| rate(text).filter(|burst| *burst > 0),
        u32::to_string,
        "twice RATE_LIMIT_PER_SECOND",
    );
    if reader.is_given(&keys::RATE_LIMIT_BURST) && !reader.is_given(&keys::RATE_LIMIT_PER_SECOND) {
        reader.fault("RATE_LIMIT_PER_SECOND: not set, but RATE_LIMIT_BURST is; expected both".to_owned());
    }
    let trusted_proxies = reader.optional(
        &keys::TRUSTED_PROXIES,
        PROXIES,
        TrustedProxies::parse,
        TrustedProxies::to_string,
        "none",
    );
    let cors_allowed_origins = reader.optional(
        &keys::CORS_ALLOWED_ORIGINS,
        ORIGINS,
        AllowedOrigins::parse,
        AllowedOrigins::to_string,
        "none",
    );
    ProtectionSettings {
        rate_limit: (per_second > 0).then_some(RateLimit { per_second, burst }),
        trusted_proxies: trusted_proxies.unwrap_or_default(),
        cors_allowed_origins: cors_allowed_origins.unwrap_or_default(),
    }
}

fn rate(text: &str) -> Option<u32> {
    values::number_in(&(0..=*RateLimit::RANGE.end()), text)
}
