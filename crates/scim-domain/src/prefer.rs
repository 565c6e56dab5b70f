//! The `Prefer` header (RFC 7240), of which `return` is honoured.

/// What a client prefers the answer to a write to be (RFC 7240 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnPreference {
    /// `return=minimal`: no body.
    Minimal,
    /// `return=representation`: the resource.
    Representation,
}

impl ReturnPreference {
    /// Reads the header's value; several lines are one value, joined by commas. `None` where no
    /// `return` that we know is in it: a preference that is unknown or malformed is ignored
    /// (RFC 7240 §2), and of one that is given twice the first counts.
    pub fn parse(text: &str) -> Option<Self> {
        let value = split_outside_quotes(text, ',').find_map(|preference| {
            // Parameters after a semicolon are for preferences that define some.
            let preference = split_outside_quotes(preference, ';').next()?;
            let (name, value) = preference.split_once('=')?;
            name.trim().eq_ignore_ascii_case("return").then(|| value.trim().trim_matches('"'))
        })?;
        if value.eq_ignore_ascii_case("minimal") {
            Some(Self::Minimal)
        } else if value.eq_ignore_ascii_case("representation") {
            Some(Self::Representation)
        } else {
            None
        }
    }
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = escaped;
        escaped = quoted && !was_escaped && c == '\\';
        if c == '"' && !was_escaped {
            quoted = !quoted;
        }
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<ReturnPreference>) {
        assert_eq!(ReturnPreference::parse(text), expected, "{text}");
    }

    #[test]
    fn the_return_preference_is_found() {
        check("return=minimal", Some(ReturnPreference::Minimal));
        check("respond-async, Return = \"MINIMAL\"; x=y, wait=10", Some(ReturnPreference::Minimal));
        check("return=representation,return=minimal", Some(ReturnPreference::Representation));
        check("x=\"a, return=minimal \\\" ,\"", None);
        check("x=\"\\\\\", return=minimal", Some(ReturnPreference::Minimal));
        for ignored in ["", "return", "return=", "return=none", "minimal", "returns=minimal", ",;=\""] {
            check(ignored, None);
        }
    }
}
