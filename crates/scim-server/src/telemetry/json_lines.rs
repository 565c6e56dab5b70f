//! Log lines as JSON objects, one a line.
//!
//! The fields of the spans around an event stand beside its own, so that every line of a request
//! has its `request_id`. Written straight into the line: there is one for every request, and
//! building a tree of values for each would cost a good part of what serving the request does.

use std::fmt::{self, Debug, Write};

use scim_ports::Clock;
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::adapters::SystemClock;

/// Writes events as JSON objects.
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonMembers> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonMembers>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        line.write_str("{\"timestamp\":\"")?;
        write_time(&mut line, SystemClock.now().date_time())?;
        write!(line, "\",\"level\":\"{}\",\"target\":", metadata.level())?;
        write_string(&mut line, metadata.target())?;
        JsonMembers.format_fields(line.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonMembers>>() {
                line.write_str(&fields.fields)?;
            }
        }
        line.write_str("}\n")
    }
}

/// Writes fields as members of an object, each after a comma.
pub(super) struct JsonMembers;

impl<'a> FormatFields<'a> for JsonMembers {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut members = Members { writer, result: Ok(()) };
        fields.record(&mut members);
        members.result
    }

    fn add_fields(
        &self,
        current: &'a mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

struct Members<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = write_name(&mut self.writer, field).and_then(|()| write(&mut self.writer));
        }
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |writer| write_string(writer, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no other numbers than finite ones.
        self.member(field, |writer| {
            if value.is_finite() { write!(writer, "{value}") } else { write!(writer, "\"{value}\"") }
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.member(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value}")?;
            let mut source = value.source();
            while let Some(cause) = source {
                write!(Escaped(writer), ": {cause}")?;
                source = cause.source();
            }
            writer.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }
}

fn write_name(writer: &mut Writer<'_>, field: &Field) -> fmt::Result {
    writer.write_char(',')?;
    write_string(writer, field.name())?;
    writer.write_char(':')
}

fn write_string(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Writes text as the inside of a JSON string (RFC 8259 §7).
struct Escaped<'a, 'b>(&'a mut Writer<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for plain in text.split_inclusive(|c: char| c < ' ' || matches!(c, '"' | '\\')) {
            // At most the last character of each piece is one that has to be escaped.
            let mut characters = plain.chars();
            match characters.next_back() {
                Some(last @ ('"' | '\\')) => write!(self.0, "{}\\{last}", characters.as_str())?,
                Some('\n') => write!(self.0, "{}\\n", characters.as_str())?,
                Some(last) if last < ' ' => {
                    write!(self.0, "{}\\u{:04x}", characters.as_str(), u32::from(last))?
                }
                _ => self.0.write_str(plain)?,
            }
        }
        Ok(())
    }
}

/// RFC 3339 in UTC, to the microsecond.
fn write_time(writer: &mut Writer<'_>, time: OffsetDateTime) -> fmt::Result {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, micro) = time.to_hms_micro();
    let month = u8::from(month);
    write!(writer, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// The one line that `log` writes, without what differs each time.
    fn line(log: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonMembers)
            .event_format(JsonLines)
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{text}");
        let mut line: Value = serde_json::from_str(&text).expect("JSON");
        let time = line["timestamp"].take();
        let time = time.as_str().expect("a time");
        assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
        line.as_object_mut().expect("an object").remove("timestamp");
        line
    }

    #[test]
    fn fields_of_events_and_spans_stand_side_by_side() {
        let found = line(|| {
            let span = tracing::info_span!("request", method = "GET", request_id = %"r-1");
            let _entered = span.enter();
            tracing::info!(target: "t", status = 200_u16, route = Some("/x"), none = None::<&str>, "request");
        });
        let expected = json!({"level": "INFO", "target": "t", "message": "request", "status": 200, "route": "/x",
            "method": "GET", "request_id": "r-1"});
        assert_eq!(found, expected);
    }

    #[test]
    fn every_kind_of_value() {
        let cause = io::Error::other("disk \"full\"");
        let cause: &(dyn std::error::Error + 'static) = &cause;
        let found = line(|| {
            tracing::warn!(target: "t", a = -1, b = true, c = 1.5, d = f64::NAN, e = ?Some("x"), cause, "a\"b\\c\nd\te\u{1}é");
        });
        let expected = json!({"level": "WARN", "target": "t", "message": "a\"b\\c\nd\te\u{1}é", "a": -1, "b": true,
            "c": 1.5, "d": "NaN", "e": "Some(\"x\")", "cause": "disk \"full\""});
        assert_eq!(found, expected);
    }
}
