//! How values of each type compare (RFC 7644 §3.4.2.2), and the keys they compare by.
//!
//! Every store keeps these keys beside the values, and compares keys only: strings by code point,
//! dateTimes as text of fixed width, numbers as numbers.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Number;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use crate::attribute::{AttributeRef, AttributeType};
use crate::text;

/// The key under which `text`, a value of `attribute`, is equal to another: what `eq`, `ne` and
/// uniqueness compare. For all but `userName` it is the [`ordering_key`].
pub fn equality_key<'a>(attribute: &AttributeRef, text: &'a str) -> Cow<'a, str> {
    if attribute.is_user_name() { text::username_key(text) } else { ordering_key(attribute, text) }
}

/// The key by which `text`, a value of `attribute`, is ordered and searched: what `co`, `sw`, `ew`,
/// `gt`, `ge`, `lt`, `le` and `sortBy` compare, by code point.
///
/// A dateTime that does not read as one is its own key, which no real instant equals.
pub fn ordering_key<'a>(attribute: &AttributeRef, text: &'a str) -> Cow<'a, str> {
    let leaf = attribute.leaf();
    match leaf.data_type {
        AttributeType::DateTime => instant_key(text).map_or(Cow::Borrowed(text), Cow::Owned),
        _ if leaf.is_case_exact() => Cow::Borrowed(text),
        _ => text::fold(text),
    }
}

/// The instant that an `xsd:dateTime` (RFC 7643 §2.3.5) names, as `2011-05-13T04:42:34.000000000Z`:
/// of one width, so that text order is time order. Without an offset it is read as UTC.
///
/// `None` where the text is no dateTime of the years 0000 to 9999.
pub fn instant_key(text: &str) -> Option<String> {
    let moment = parse_date_time(text)?;
    let (date, time) = (moment.date(), moment.time());
    (0..=9999).contains(&date.year()).then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.nanosecond()
        )
    })
}

/// Reads `YYYY-MM-DDThh:mm:ss[.s…][Z|±hh:mm]` (XML Schema part 2, §3.2.7) as a moment in UTC.
fn parse_date_time(text: &str) -> Option<OffsetDateTime> {
    let number = |range: std::ops::Range<usize>| -> Option<u16> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let small = |range| number(range).and_then(|value| u8::try_from(value).ok());
    let marks: [(usize, &str); 5] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !marks.iter().all(|&(at, mark)| text.get(at..at.saturating_add(1)) == Some(mark)) {
        return None;
    }
    let year = i32::from(number(0..4)?);
    let mut date = Date::from_calendar_date(year, Month::try_from(small(5..7)?).ok()?, small(8..10)?).ok()?;
    let (mut hour, minute, second) = (small(11..13)?, small(14..16)?, small(17..19)?);
    let rest = text.get(19..)?;
    let (nanosecond, offset) = split_fraction(rest)?;
    if (hour, minute, second, nanosecond) == (24, 0, 0, 0) {
        (hour, date) = (0, date.next_day()?);
    }
    let time = Time::from_hms_nano(hour, minute, second, nanosecond).ok()?;
    date.with_time(time).assume_offset(parse_offset(offset)?).checked_to_offset(UtcOffset::UTC)
}

/// Splits `.123Z` into nanoseconds and the offset. Digits beyond the ninth don't count.
fn split_fraction(rest: &str) -> Option<(u32, &str)> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
    let (digits, offset) = fraction.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let kept: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some((kept.parse().ok()?, offset))
}

fn parse_offset(text: &str) -> Option<UtcOffset> {
    if text.is_empty() || text == "Z" {
        return Some(UtcOffset::UTC);
    }
    let sign = match text.get(0..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let two = |range| {
        let digits: &str = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i8>().ok())?
    };
    let (hours, minutes) = (two(1..3)?, two(4..6)?);
    if text.len() != 6 || text.get(3..4) != Some(":") || hours > 14 || minutes > 59 {
        return None;
    }
    UtcOffset::from_hms(hours.checked_mul(sign)?, minutes.checked_mul(sign)?, 0).ok()
}

/// Compares two JSON numbers by their exact values: no integer is rounded to a float on the way.
pub fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => compare_with_float(right, left).reverse(),
        (None, Some(right)) => compare_with_float(left, right),
        (None, None) => float_of(left).total_cmp(&float_of(right)),
    }
}

/// The one spelling of a number, the same for all that compare as equal: a whole number is an integer,
/// also where it is written with a fraction of zero or an exponent.
pub fn number_key(number: &Number) -> Number {
    let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
    // Whole floats print all their digits, so that the text is the exact value.
    let text = whole.map(|float| format!("{float:.0}"));
    text.and_then(|text| {
        text.parse::<i64>()
            .map(Number::from)
            .or_else(|_negative_or_large| text.parse::<u64>().map(Number::from))
            .ok()
    })
    .unwrap_or_else(|| number.clone())
}

fn float_of(number: &Number) -> f64 {
    // Zero has two floats, which are one number; total_cmp tells them apart.
    number.as_f64().map_or(0.0, |float| float + 0.0)
}

/// Compares a float with an integer: by the integer part first, which is exact in an i128 for all
/// floats within ±2^64, then by whether a fraction is left.
fn compare_with_float(float: &Number, integer: i128) -> Ordering {
    let float = float_of(float);
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    if float >= BOUND {
        return Ordering::Greater;
    }
    if float < -BOUND {
        return Ordering::Less;
    }
    #[expect(clippy::as_conversions, reason = "a whole float within ±2^64 is exact in an i128")]
    let whole = float.trunc() as i128;
    whole.cmp(&integer).then_with(|| float.fract().total_cmp(&0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_compare_across_offsets() {
        let key = |text| instant_key(text).expect("a dateTime");
        assert_eq!(key("2011-05-13T04:42:34Z"), "2011-05-13T04:42:34.000000000Z");
        assert_eq!(key("2011-05-13T04:42:34Z"), key("2011-05-13T06:42:34+02:00"));
        assert_eq!(key("2011-05-13T04:42:34.5Z"), key("2011-05-13T04:42:34.500"));
        assert_eq!(key("2011-05-13T24:00:00Z"), key("2011-05-14T00:00:00Z"));
        assert!(key("2011-05-13T04:42:34.1Z") < key("2011-05-13T04:42:34.12Z"));
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for text in [
            "",
            "2011-05-13",
            "2011-05-13T04:42Z",
            "2011-05-13 04:42:34Z",
            "2011-02-30T00:00:00Z",
            "2011-05-13T25:00:00Z",
            "2011-05-13T24:00:01Z",
            "2011-05-13T04:42:34.Z",
            "2011-05-13T04:42:34+2",
            "2011-05-13T04:42:34+15:00",
            "2011-05-13T04:42:34Zx",
            "+011-05-13T04:42:34Z",
            "0000-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "２011-05-13T04:42:34Z",
        ] {
            assert_eq!(instant_key(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_their_exact_values() {
        let number = |text: &str| serde_json::from_str::<Number>(text).expect("a number");
        let compare = |left, right| compare_numbers(&number(left), &number(right));
        assert_eq!(compare("1", "1.0"), Ordering::Equal);
        assert_eq!(compare("0.0", "-0.0"), Ordering::Equal);
        assert_eq!(compare("9007199254740993", "9007199254740992.0"), Ordering::Greater);
        assert_eq!(compare("-1.5", "-1"), Ordering::Less);
        assert_eq!(compare("-1", "-1.5"), Ordering::Greater);
        assert_eq!(compare("1e300", "18446744073709551615"), Ordering::Greater);
        assert_eq!(compare("-9223372036854775808", "-1e300"), Ordering::Greater);
        assert_eq!(compare("2.5", "2.25"), Ordering::Greater);
    }

    #[test]
    fn numbers_that_are_equal_have_one_key() {
        let number = |text: &str| serde_json::from_str::<Number>(text).expect("a number");
        let texts = [
            "0",
            "-0.0",
            "1",
            "1.0",
            "10e-1",
            "1.5",
            "-1",
            "-1.0",
            "1e19",
            "10000000000000000000",
            "1e20",
            "9007199254740993",
            "9007199254740992.0",
            "18446744073709551615",
            "18446744073709551616",
            "1e300",
        ];
        for left in texts.map(number) {
            for right in texts.map(number) {
                let same = compare_numbers(&left, &right).is_eq();
                assert_eq!(number_key(&left) == number_key(&right), same, "{left} and {right}");
            }
        }
    }
}
