//! Identifiers, versions and times: small values that may not be mixed up with one another.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Reads the canonical spelling (lower case, with hyphens); ids are `caseExact`
            /// (RFC 7643 §3.1), so any other spelling is no id of ours and gives `None`.
            pub fn parse(text: &str) -> Option<Self> {
                let uuid = Uuid::try_parse(text).ok()?;
                (text == uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer())).then_some(Self(uuid))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )*};
}

uuid_newtype! {
    /// The id of a tenant.
    TenantId;
    /// The `id` of a resource (RFC 7643 §3.1): a version 7 UUID, so that ids sort by creation.
    ResourceId;
    /// The id of a credential.
    CredentialId;
    /// The id of a record of the audit log: a version 7 UUID, so that ids sort by time.
    AuditEventId;
}

/// The version of a resource: 1 when it is created, one more with every change (RFC 7644 §3.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version of a resource that was just created.
    pub const FIRST: Self = Self(1);

    /// Version number `number`.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The weak entity tag, `W/"v3"`, as `ETag` and `meta.version` show it.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"v{}\"", self.0)
    }
}

/// A moment in UTC, cut to whole microseconds (what PostgreSQL keeps), so that it is the same
/// before and after it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The moment, in UTC and without its nanoseconds.
    pub fn new(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(UtcOffset::UTC);
        Self(utc.replace_nanosecond(utc.microsecond().saturating_mul(1000)).unwrap_or(utc))
    }

    /// The moment as an [`OffsetDateTime`] in UTC.
    pub const fn date_time(self) -> OffsetDateTime {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }
}

/// RFC 3339 in UTC, a valid `xsd:dateTime` (RFC 7643 §2.3.5).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_out_of_range| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_id_is_read_only_in_its_canonical_spelling() {
        let text = "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09";
        assert_eq!(ResourceId::parse(text).map(|id| id.to_string()), Some(text.to_owned()));
        assert_eq!(ResourceId::parse(&text.to_uppercase()), None);
        assert_eq!(ResourceId::parse(&text.replace('-', "")), None);
        assert_eq!(ResourceId::parse("2819c223"), None);
    }

    #[test]
    fn a_version_is_a_weak_tag() {
        assert_eq!(Version::FIRST.next().to_string(), "W/\"v2\"");
    }

    #[test]
    fn a_timestamp_keeps_microseconds_in_utc() {
        let moment = Timestamp::new(datetime!(2026-11-22 12:00:00.123456789 +02:00));
        assert_eq!(moment.to_string(), "2026-11-22T10:00:00.123456Z");
    }
}
