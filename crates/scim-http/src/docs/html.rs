//! HTML as text.

use std::fmt::Write;

/// Text in an element or in the quotes of an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text in which backquotes mark code.
pub(super) fn inline(text: &str) -> String {
    let mut written = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        if index % 2 == 0 {
            written.push_str(&part);
        } else {
            append(&mut written, format_args!("<code>{part}</code>"));
        }
    }
    written
}

/// Paragraphs, with empty lines between them.
pub(super) fn paragraphs(text: &str) -> String {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p>{}</p>\n", inline(paragraph)))
        .collect()
}

/// Code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Appends what is formatted.
pub(super) fn append(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _written = out.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"&\">"), "&lt;a href=&quot;&amp;&quot;&gt;");
        assert_eq!(inline("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
        assert_eq!(paragraphs("a\n\nb & c"), "<p>a</p>\n<p>b &amp; c</p>\n");
        assert_eq!(code("{x}"), "<code>{x}</code>");
    }
}
