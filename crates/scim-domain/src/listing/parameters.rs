//! What a client asks of a collection: the query parameters of RFC 7644 §3.4.2 and the
//! `SearchRequest` message of §3.4.3, with `cursor` of RFC 9865 §2.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{ErrorKind, ScimError};
use crate::{json, message};

use super::sort::{Direction, SortOrder};

/// The URN of the `SearchRequest` message (RFC 7644 §3.4.3).
pub const SEARCH_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The parameters of a query, read but not yet looked up in a schema.
///
/// A GET of a single resource takes the same `attributes` and `excludedAttributes`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListParameters {
    /// `attributes`; empty where it was not given or names nothing.
    pub attributes: Vec<String>,
    /// `excludedAttributes`; empty where it was not given or names nothing.
    pub excluded_attributes: Vec<String>,
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: SortOrder,
    /// `startIndex`, at least 1.
    pub start_index: Option<usize>,
    /// `count`, as it was asked for; what is negative counts as 0.
    pub count: Option<usize>,
    /// `cursor`; empty for the first page of a walk by cursor.
    pub cursor: Option<String>,
}

/// The parameters that are read, in the spelling of the RFCs.
const NAMES: [&str; 8] =
    ["attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"];

impl ListParameters {
    /// Reads the decoded pairs of a URL's query. Names are taken in any case; parameters that are
    /// not known are ignored (RFC 7644 §3.4.2).
    ///
    /// # Errors
    /// 400: `invalidCount` for a `count` that is no number beside a `cursor` (RFC 9865 §2.1),
    /// `invalidValue` for any other parameter that does not read, for one that is given twice, and
    /// for `cursor` together with `startIndex`, which ask for different ways to page (RFC 9865 §2.4).
    pub fn from_query<'a>(
        pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self, ScimError> {
        let mut given = Given::default();
        for (name, value) in pairs {
            let Some(known) = NAMES.iter().find(|known| known.eq_ignore_ascii_case(&name)) else { continue };
            if given.get(known).is_some() {
                return Err(ScimError::invalid_value(format!("{known}: expected once, got twice")));
            }
            given.0.push((known, Parameter::Text(value)));
        }
        given.read()
    }

    /// Reads the body of a POST to `/.search`. Lists may be arrays, as the RFC has them, or one
    /// string with commas, as in a URL.
    ///
    /// # Errors
    /// `invalidSyntax` where the body is no `SearchRequest` message; else as for [`from_query`](Self::from_query).
    pub fn from_search_request(body: &Value) -> Result<Self, ScimError> {
        let attributes = message::read(body, SEARCH_REQUEST_URN)?;
        let mut given = Given::default();
        for name in NAMES {
            if let Some(value) = message::get(attributes, name) {
                given.0.push((name, Parameter::Json(value)));
            }
        }
        given.read()
    }
}

/// One parameter, as it came.
enum Parameter<'a> {
    Text(Cow<'a, str>),
    Json(&'a Value),
}

/// The known parameters that were given, each once.
#[derive(Default)]
struct Given<'a>(Vec<(&'static str, Parameter<'a>)>);

impl Given<'_> {
    fn get(&self, name: &str) -> Option<&Parameter<'_>> {
        self.0.iter().find_map(|(known, value)| (*known == name).then_some(value))
    }

    fn read(&self) -> Result<ListParameters, ScimError> {
        let cursor = self.text("cursor")?;
        if cursor.is_some() && self.get("startIndex").is_some() {
            return Err(ScimError::invalid_value("cursor, startIndex: expected at most one of the two"));
        }
        let bad_count = if cursor.is_some() { ErrorKind::InvalidCount } else { ErrorKind::InvalidValue };
        Ok(ListParameters {
            attributes: self.names("attributes")?,
            excluded_attributes: self.names("excludedAttributes")?,
            filter: self.text("filter")?,
            sort_by: self.text("sortBy")?,
            sort_order: self.sort_order()?,
            // A value less than 1 is 1, a negative count is 0 (RFC 7644 §3.4.2.4, table 6).
            start_index: self.integer("startIndex", ErrorKind::InvalidValue)?.map(|index| index.max(1)),
            count: self.integer("count", bad_count)?,
            cursor,
        })
    }

    fn text(&self, name: &str) -> Result<Option<String>, ScimError> {
        match self.get(name) {
            None => Ok(None),
            Some(Parameter::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(Parameter::Json(Value::String(text))) => Ok(Some(text.clone())),
            Some(Parameter::Json(other)) => Err(wrong_type(name, "a string", other)),
        }
    }

    fn names(&self, name: &str) -> Result<Vec<String>, ScimError> {
        let items = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Parameter::Text(text)) => return Ok(split(text).collect()),
            Some(Parameter::Json(Value::String(text))) => return Ok(split(text).collect()),
            Some(Parameter::Json(Value::Array(items))) => items,
            Some(Parameter::Json(other)) => return Err(wrong_type(name, "an array of strings", other)),
        };
        let mut names = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Value::String(text) = item else {
                return Err(wrong_type(&format!("{name}[{index}]"), "a string", item));
            };
            names.extend(split(text));
        }
        Ok(names)
    }

    fn sort_order(&self) -> Result<SortOrder, ScimError> {
        let Some(text) = self.text("sortOrder")? else { return Ok(Direction::Ascending) };
        if text.eq_ignore_ascii_case("ascending") {
            Ok(Direction::Ascending)
        } else if text.eq_ignore_ascii_case("descending") {
            Ok(Direction::Descending)
        } else {
            Err(ScimError::invalid_value("sortOrder: expected ascending or descending"))
        }
    }

    /// An integer, with what is negative as 0 and what is too large as the largest there is.
    fn integer(&self, name: &str, error: ErrorKind) -> Result<Option<usize>, ScimError> {
        let read = match self.get(name) {
            None => return Ok(None),
            Some(Parameter::Text(text)) => integer(text),
            Some(Parameter::Json(Value::Number(number))) => integer(&number.to_string()),
            Some(Parameter::Json(_)) => None,
        };
        match read {
            Some(number) => Ok(Some(number)),
            None => Err(ScimError::new(error, format!("{name}: expected an integer"))),
        }
    }
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn integer(text: &str) -> Option<usize> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits alone fail to parse only where there are too many of them.
    Some(if negative { 0 } else { digits.parse().unwrap_or(usize::MAX) })
}

fn wrong_type(name: &str, expected: &str, got: &Value) -> ScimError {
    ScimError::invalid_value(format!("{name}: expected {expected}, got {}", json::kind(got)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(text: &str) -> Result<ListParameters, ScimError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        ListParameters::from_query(pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (Cow::Borrowed(name), Cow::Borrowed(value))
        }))
    }

    fn search(mut body: Value) -> Result<ListParameters, ScimError> {
        body["schemas"] = json!([SEARCH_REQUEST_URN]);
        ListParameters::from_search_request(&body)
    }

    #[track_caller]
    fn refused(result: Result<ListParameters, ScimError>, kind: ErrorKind, detail: &str) {
        let error = result.expect_err("should be refused");
        assert_eq!((error.kind, error.detail.as_str()), (kind, detail));
    }

    #[test]
    fn a_query_is_read() {
        assert_eq!(query("").expect("reads"), ListParameters::default());
        assert_eq!(
            query("attributes=userName, name.givenName,,&FILTER=a eq 1&sortby=x&sortOrder=DESCENDING&startIndex=3&count=4&nothing=1&nothing=2")
                .expect("reads"),
            ListParameters {
                attributes: vec!["userName".into(), "name.givenName".into()],
                filter: Some("a eq 1".into()),
                sort_by: Some("x".into()),
                sort_order: Direction::Descending,
                start_index: Some(3),
                count: Some(4),
                ..ListParameters::default()
            }
        );
        let first = query("cursor&count=10&excludedAttributes=members").expect("reads");
        assert_eq!((first.cursor.as_deref(), first.count), (Some(""), Some(10)));
        assert_eq!(first.excluded_attributes, ["members"]);
    }

    /// RFC 7644 §3.4.3, figure 4.
    #[test]
    fn a_search_request_is_read() {
        let body = json!({
            "attributes": ["displayName", "userName"],
            "filter": "displayName sw \"smith\"",
            "startIndex": 1,
            "count": 10
        });
        let expected = ListParameters {
            attributes: vec!["displayName".into(), "userName".into()],
            filter: Some("displayName sw \"smith\"".into()),
            start_index: Some(1),
            count: Some(10),
            ..ListParameters::default()
        };
        assert_eq!(search(body).expect("reads"), expected);
        let body =
            json!({"ATTRIBUTES": "a, b", "excludedAttributes": null, "sortOrder": "ascending", "cursor": ""});
        let expected = ListParameters {
            attributes: vec!["a".into(), "b".into()],
            cursor: Some(String::new()),
            ..ListParameters::default()
        };
        assert_eq!(search(body).expect("reads"), expected);
    }

    #[test]
    fn numbers_are_bounded() {
        let numbers = |text: &str| {
            let read = query(text).expect("reads");
            (read.start_index, read.count)
        };
        assert_eq!(numbers("startIndex=0&count=0"), (Some(1), Some(0)));
        assert_eq!(numbers("startIndex=-5&count=-1"), (Some(1), Some(0)));
        let huge = "99999999999999999999999";
        assert_eq!(numbers(&format!("startIndex={huge}&count={huge}")), (Some(usize::MAX), Some(usize::MAX)));
        assert_eq!(numbers(&format!("startIndex=-{huge}")), (Some(1), None));
        assert_eq!(search(json!({"startIndex": -2, "count": -1})).expect("reads").start_index, Some(1));
    }

    #[test]
    fn what_does_not_read_is_refused() {
        let invalid_value = ErrorKind::InvalidValue;
        for number in ["", "x", "1.5", "1e3", "+1", " 1", "-", "--1"] {
            refused(query(&format!("startIndex={number}")), invalid_value, "startIndex: expected an integer");
            refused(query(&format!("count={number}")), invalid_value, "count: expected an integer");
            refused(
                query(&format!("count={number}&cursor")),
                ErrorKind::InvalidCount,
                "count: expected an integer",
            );
        }
        refused(query("count=1&COUNT=1"), invalid_value, "count: expected once, got twice");
        refused(query("sortOrder=up"), invalid_value, "sortOrder: expected ascending or descending");
        refused(
            query("cursor=&startIndex=1"),
            invalid_value,
            "cursor, startIndex: expected at most one of the two",
        );
        refused(search(json!({"count": "1"})), invalid_value, "count: expected an integer");
        refused(
            search(json!({"count": 1.5, "cursor": ""})),
            ErrorKind::InvalidCount,
            "count: expected an integer",
        );
        refused(search(json!({"filter": 1})), invalid_value, "filter: expected a string, got a number");
        refused(search(json!({"cursor": []})), invalid_value, "cursor: expected a string, got an array");
        refused(
            search(json!({"attributes": ["a", 1]})),
            invalid_value,
            "attributes[1]: expected a string, got a number",
        );
        refused(
            search(json!({"excludedAttributes": {}})),
            invalid_value,
            "excludedAttributes: expected an array of strings, got an object",
        );
        let error = ListParameters::from_search_request(&json!({"count": 1})).expect_err("no schemas");
        assert_eq!(error.kind, ErrorKind::InvalidSyntax);
    }
}
