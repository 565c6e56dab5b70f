//! The slug: the name of a tenant in URLs.

use uuid::Uuid;

/// The longest slug, in characters: as long as a label of a host name may be.
const LONGEST: usize = 63;

/// Slugs that no tenant may have: they would read as something that is no tenant.
const RESERVED: [&str; 8] = ["admin", "all", "none", "operator", "scim", "system", "tenants", "unknown"];

/// Checks a slug: 1 to 63 lower case letters, digits and hyphens, with none of these at either end.
/// It may not be a UUID, as ids stand in the same place, nor one of a few words.
///
/// # Errors
/// What was expected.
pub fn check_slug(slug: &str) -> Result<(), &'static str> {
    let is_taken = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=LONGEST).contains(&slug.len()) && slug.bytes().all(is_taken);
    if !fits || slug.starts_with('-') || slug.ends_with('-') {
        return Err("expected 1 to 63 lower case letters, digits and hyphens, with no hyphen at either end");
    }
    if Uuid::try_parse(slug).is_ok() {
        return Err("expected a name, not a UUID, which would read as the id of a tenant");
    }
    if RESERVED.contains(&slug) {
        return Err(
            "expected a name that is not one of admin, all, none, operator, scim, system, tenants, unknown",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(slug: &str, expected: Option<&str>) {
        match (check_slug(slug), expected) {
            (Ok(()), None) => {}
            (Err(found), Some(expected)) => assert!(found.contains(expected), "{slug}: {found}"),
            (found, _) => panic!("{slug}: {found:?}"),
        }
    }

    #[test]
    fn slugs_are_labels_of_host_names() {
        for slug in ["a", "7", "acme", "acme-2", "a--b", &"x".repeat(63)] {
            check(slug, None);
        }
        for slug in ["", "Acme", "a b", "a_b", "a.b", "a/b", "-a", "a-", "é", "%41", &"x".repeat(64)] {
            check(slug, Some("1 to 63"));
        }
        check("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09", Some("UUID"));
        check("01933b0e7a1c7c3e8a516d4f3c2b1a09", Some("UUID"));
        for slug in RESERVED {
            check(slug, Some(slug));
        }
    }
}
