//! As much of Markdown as the rules need: headings, links, blocks, spans of code, and rows of tables.

use std::collections::BTreeSet;

/// What is in a document.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What its headings are called in a link.
    pub(super) anchors: BTreeSet<String>,
    /// The targets of its links.
    pub(super) links: Vec<Found>,
    /// Its code between backticks.
    pub(super) spans: Vec<Found>,
    /// Its blocks of code.
    pub(super) blocks: Vec<Block>,
    /// The rows of its tables, without their heads.
    pub(super) rows: Vec<Row>,
}

/// A piece of text and its line.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) line: usize,
    pub(super) text: String,
}

/// A block of code.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) language: String,
    /// The last line above it that is not empty.
    pub(super) above: String,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// What the first column of its table is headed.
    pub(super) head: String,
    pub(super) cells: Vec<String>,
}

impl Page {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let (mut is_in_block, mut head, mut above) = (false, None, "");
        for (line, content) in (1..).zip(text.lines()) {
            let trimmed = content.trim();
            if let Some(language) = trimmed.strip_prefix("```") {
                if !is_in_block {
                    page.blocks.push(Block { line, language: language.to_owned(), above: above.to_owned() });
                }
                is_in_block = !is_in_block;
            } else if !is_in_block {
                if let Some(heading) = content.strip_prefix('#') {
                    page.add_anchor(&anchor(heading.trim_start_matches('#').trim()));
                }
                if trimmed.starts_with('|') {
                    // A table begins with its head, which the line of dashes ends.
                    if trimmed.starts_with("|--") {
                        head = cells(above).into_iter().next();
                    } else if let Some(head) = &head {
                        page.rows.push(Row { line, head: head.clone(), cells: cells(trimmed) });
                    }
                } else {
                    head = None;
                }
                page.read_line(line, content);
            }
            if !trimmed.is_empty() {
                above = trimmed;
            }
        }
        page
    }

    /// Adds a heading, with a number behind it if there is one of that name.
    fn add_anchor(&mut self, name: &str) {
        let mut anchor = name.to_owned();
        let mut number = 0_usize;
        while !self.anchors.insert(anchor) {
            number = number.saturating_add(1);
            anchor = format!("{name}-{number}");
        }
    }

    /// Finds the spans of a line, and the links in what is left of it.
    fn read_line(&mut self, line: usize, content: &str) {
        // Every second piece between backticks is code.
        let (mut prose, mut is_code) = (String::new(), false);
        for piece in content.split('`') {
            if is_code {
                self.spans.push(Found { line, text: piece.to_owned() });
            } else {
                prose.push_str(piece);
            }
            is_code = !is_code;
        }
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        self.links.extend(targets.map(|(target, _)| Found { line, text: target.to_owned() }));
    }
}

/// What a heading is called in a link, on every site that shows Markdown and by mdBook.
fn anchor(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// The cells of a row. A bar between backticks parts no cells where it is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim_start_matches('|').strip_suffix('|').unwrap_or(row);
    inner.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_called_as_in_links() {
        let page = Page::parse("# RFC 7644 §3.5.2: `PATCH`\n## A, b\n## A, b\n```sh\n# no heading\n```\n");
        let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["a-b", "a-b-1", "rfc-7644-352-patch"]);
    }

    #[test]
    fn rows_have_cells() {
        let page = Page::parse("| a | b |\n|---|---|\n| `x\\|y` | |\n\n| no table |\n");
        let rows: Vec<&[String]> = page.rows.iter().map(|row| row.cells.as_slice()).collect();
        assert_eq!(rows, [["`x|y`".to_owned(), String::new()].as_slice()]);
        assert_eq!(page.rows[0].head, "a");
    }
}
