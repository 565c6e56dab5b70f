//! Lists, a page at a time: `{"items":[…],"nextCursor":…}`.

use scim_domain::error::ScimError;
use serde_json::{Value, json};

use super::{Parameters, bad_request};

/// The items of a page where the client names no `limit`.
const DEFAULT_LIMIT: usize = 50;
/// The most items of a page.
const MAX_LIMIT: usize = 200;

/// Which page of a list is asked for.
pub(super) struct PageOf<'a> {
    /// At most so many items.
    pub(super) limit: usize,
    /// Where the page before ended.
    cursor: Option<&'a str>,
}

impl<'a> PageOf<'a> {
    /// Reads `limit` and `cursor`; `others` are the parameters that the list has beside them.
    ///
    /// # Errors
    /// 400 for a limit that is out of range, and for parameters that there are not.
    pub(super) fn read(parameters: &'a Parameters, others: &[&str]) -> Result<Self, ScimError> {
        parameters.allow(&[&["limit", "cursor"], others].concat())?;
        let limit = match parameters.get("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| bad_request(format!("limit: expected a number from 1 to {MAX_LIMIT}")))?,
        };
        Ok(Self { limit, cursor: parameters.get("cursor") })
    }

    /// What to ask a store for: one more item than the page has, to know whether there is another page.
    pub(super) fn fetch(&self) -> usize {
        self.limit.saturating_add(1)
    }

    /// The place that the cursor names; `None` at the start of the list.
    ///
    /// # Errors
    /// 400 for a cursor that is none of this list.
    pub(super) fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ScimError> {
        let wrong = || bad_request("cursor: expected the nextCursor of this list, or nothing for its start");
        self.cursor.map(|cursor| read(cursor).ok_or_else(wrong)).transpose()
    }

    /// The page, of items that were fetched; `place` is what the cursor after an item says.
    pub(super) fn answer<T>(
        &self,
        mut items: Vec<T>,
        place: impl Fn(&T) -> String,
        show: impl Fn(&T) -> Value,
    ) -> Value {
        let goes_on = items.len() > self.limit;
        items.truncate(self.limit);
        let next = if goes_on { items.last().map(place) } else { None };
        let items: Vec<Value> = items.iter().map(show).collect();
        json!({"items": items, "nextCursor": next})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Parameters::new(pairs).expect("parameters")
    }

    #[track_caller]
    fn refused(pairs: &[(&str, &str)], detail: &str) {
        let error = PageOf::read(&parameters(pairs), &["filter"]).err().expect("refused");
        assert!(error.detail.contains(detail), "{}", error.detail);
    }

    #[test]
    fn a_list_is_walked_to_its_end() {
        let all: Vec<u32> = (1..=5).collect();
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut pairs = vec![("limit", "2")];
            pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let parameters = parameters(&pairs);
            let page = PageOf::read(&parameters, &[]).expect("a page");
            let after = page.after(|text| text.parse::<u32>().ok()).expect("a cursor").unwrap_or_default();
            let fetched = all.iter().copied().filter(|item| *item > after).take(page.fetch()).collect();
            let answer = page.answer(fetched, u32::to_string, |item| json!(item));
            seen.push(answer["items"].clone());
            cursor = answer["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [json!([1, 2]), json!([3, 4]), json!([5])]);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        refused(&[("limit", "0")], "limit: expected a number from 1 to 200");
        refused(&[("limit", "201")], "limit");
        refused(&[("limit", "x")], "limit");
        refused(&[("count", "1")], "count: there is no such parameter here, but limit, cursor, filter");
        let twice = [("limit".to_owned(), "1".to_owned()), ("limit".to_owned(), "2".to_owned())];
        assert!(Parameters::new(twice).is_err());
        let parameters = parameters(&[("cursor", "x")]);
        let page = PageOf::read(&parameters, &[]).expect("a page");
        assert!(page.after(|text| text.parse::<u32>().ok()).is_err());
    }
}
