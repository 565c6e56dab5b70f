//! The users of the bench: about 1 KB each, as an identity provider would send them.

use std::io::Write as _;

/// What differs from user to user.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) name: &'a str,
    pub(crate) given: &'a str,
    pub(crate) family: &'a str,
    pub(crate) department: &'a str,
    /// The number, in seven digits.
    pub(crate) number: &'a str,
    /// The last four of them.
    pub(crate) short: &'a str,
}

/// The body that creates the user of this `name`.
pub(crate) fn write_user(out: &mut Vec<u8>, name: Name, number: usize) {
    let values = Values {
        name: &name.of(number),
        given: pick(&GIVEN, number),
        family: pick(&FAMILY, number / GIVEN.len()),
        department: pick(&DEPARTMENTS, number),
        number: &format!("{number:07}"),
        short: &format!("{:04}", number % 10_000),
    };
    write_user_of(out, &values);
}

/// The body that creates a user with these values.
pub(crate) fn write_user_of(out: &mut Vec<u8>, values: &Values<'_>) {
    let Values { name, given, family, department, number, short } = values;
    // Writing to a vector does not fail.
    let _written = write!(
        out,
        concat!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","#,
            r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"#,
            r#""userName":"{name}","externalId":"directory-{name}","active":true,"#,
            r#""name":{{"formatted":"{given} {family}","familyName":"{family}","givenName":"{given}"}},"#,
            r#""displayName":"{given} {family}","title":"Engineer","userType":"Employee","#,
            r#""preferredLanguage":"en-GB","locale":"en-GB","timezone":"Europe/London","#,
            r#""emails":[{{"value":"{name}@work.example.com","type":"work","primary":true}},"#,
            r#"{{"value":"{name}@home.example.org","type":"home"}}],"#,
            r#""phoneNumbers":[{{"value":"+44-20-7946-{short}","type":"work"}}],"#,
            r#""addresses":[{{"type":"work","streetAddress":"{short} Fleet Street","locality":"London","#,
            r#""region":"Greater London","postalCode":"EC4A 2AB","country":"GB","#,
            r#""formatted":"{short} Fleet Street, London EC4A 2AB"}}],"#,
            r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{number}","#,
            r#""costCenter":"{short}","organization":"Example Holdings","division":"Europe","#,
            r#""department":"{department}"}}}}"#
        ),
        name = name,
        given = given,
        family = family,
        department = department,
        number = number,
        short = short,
    );
}

/// How the users of one purpose are called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    /// Those that are there before the measurements.
    Seeded,
    /// Those that the measurement creates.
    Created,
    /// Those that it creates in bulk.
    Bulk,
}

impl Name {
    /// The `userName` of this number.
    pub(crate) fn of(self, number: usize) -> String {
        match self {
            Self::Seeded => format!("user{number:07}"),
            Self::Created => format!("created{number:09}"),
            Self::Bulk => format!("bulk{number:09}"),
        }
    }
}

/// Those of the number, counted round.
pub(crate) const GIVEN: [&str; 8] =
    ["Ada", "Barbara", "Charles", "Dorothy", "Edsger", "Frances", "Grace", "Hedy"];
/// Those of the number's eighth, counted round.
pub(crate) const FAMILY: [&str; 8] =
    ["Lovelace", "Liskov", "Babbage", "Vaughan", "Dijkstra", "Allen", "Hopper", "Lamarr"];
/// Those of the number, counted round.
pub(crate) const DEPARTMENTS: [&str; 5] = ["Research", "Sales", "Support", "Finance", "Operations"];

fn pick(from: &[&'static str], number: usize) -> &'static str {
    number.checked_rem(from.len()).and_then(|index| from.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_json_of_about_a_kilobyte() {
        for number in [0, 7, 123_456, 999_999] {
            let mut body = Vec::new();
            write_user(&mut body, Name::Seeded, number);
            let user: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(user["userName"], format!("user{number:07}"));
            assert!((900..1200).contains(&body.len()), "{} bytes", body.len());
        }
    }
}
