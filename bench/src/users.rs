//! The users of the bench: about 1 KB each, as an identity provider would send them.

use std::io::Write as _;

/// The body that creates the user of this `name`.
pub(crate) fn write_user(out: &mut Vec<u8>, name: Name, number: usize) {
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number / GIVEN.len()));
    let department = pick(&DEPARTMENTS, number);
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
            r#""phoneNumbers":[{{"value":"+44-20-7946-{short:04}","type":"work"}}],"#,
            r#""addresses":[{{"type":"work","streetAddress":"{short} Fleet Street","locality":"London","#,
            r#""region":"Greater London","postalCode":"EC4A 2AB","country":"GB","#,
            r#""formatted":"{short} Fleet Street, London EC4A 2AB"}}],"#,
            r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{number:07}","#,
            r#""costCenter":"{short:04}","organization":"Example Holdings","division":"Europe","#,
            r#""department":"{department}"}}}}"#
        ),
        name = name.of(number),
        given = given,
        family = family,
        department = department,
        number = number,
        short = number % 10_000,
    );
}

/// How the users of one purpose are called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    /// Those that are there before the measurements.
    Seeded,
    /// Those that the measurement creates.
    Created,
}

impl Name {
    /// The `userName` of this number.
    pub(crate) fn of(self, number: usize) -> String {
        match self {
            Self::Seeded => format!("user{number:07}"),
            Self::Created => format!("created{number:09}"),
        }
    }
}

const GIVEN: [&str; 8] = ["Ada", "Barbara", "Charles", "Dorothy", "Edsger", "Frances", "Grace", "Hedy"];
const FAMILY: [&str; 8] =
    ["Lovelace", "Liskov", "Babbage", "Vaughan", "Dijkstra", "Allen", "Hopper", "Lamarr"];
const DEPARTMENTS: [&str; 5] = ["Research", "Sales", "Support", "Finance", "Operations"];

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
