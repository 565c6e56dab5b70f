//! From text to tokens (RFC 7644 §3.4.2.2, figure 1; literals are JSON's, RFC 7159).
//!
//! Any amount of JSON white space stands for the grammar's single `SP`, and none is needed where
//! brackets or quotes already part two tokens.

use super::token::{SyntaxError, Token, TokenKind, excerpt};

/// Reads one token at a time.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next token; at the end of the text [`TokenKind::End`], however often it is asked.
    pub(super) fn next(&mut self) -> Result<Token<'a>, SyntaxError> {
        let blank = self.rest().len().saturating_sub(self.rest().trim_start_matches(is_space).len());
        self.skip(blank);
        let start = self.position;
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some('(') => self.mark(TokenKind::OpenParenthesis),
            Some(')') => self.mark(TokenKind::CloseParenthesis),
            Some('[') => self.mark(TokenKind::OpenBracket),
            Some(']') => self.mark(TokenKind::CloseBracket),
            Some('"') => TokenKind::Text(self.string()?),
            Some('-' | '0'..='9') => {
                let word = self.word();
                let number = serde_json::from_str(word).map_err(|_not_json| {
                    SyntaxError::new(start, format!("{} is not a JSON number", excerpt(word)))
                })?;
                TokenKind::Number(number)
            }
            Some(_) => TokenKind::Word(self.word()),
        };
        Ok(Token { kind, start, end: self.position })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.position = self.position.saturating_add(bytes);
    }

    fn mark(&mut self, kind: TokenKind<'a>) -> TokenKind<'a> {
        self.skip(1);
        kind
    }

    /// Everything up to white space, a quote, a parenthesis or a bracket.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| is_space(c) || matches!(c, '"' | '(' | ')' | '[' | ']');
        let word = rest.find(ends).and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.skip(word.len());
        word
    }

    /// A JSON string, from its opening quote on.
    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.position;
        self.skip(1);
        let mut value = String::new();
        loop {
            let at = self.position;
            match self.character() {
                Some('"') => return Ok(value),
                Some('\\') => value.push(self.escape(at)?),
                Some(c) if c < ' ' => {
                    return Err(SyntaxError::new(at, "a control character in a string has to be escaped"));
                }
                Some(c) => value.push(c),
                None => return Err(SyntaxError::new(start, "the string has no closing '\"'")),
            }
        }
    }

    /// What follows the backslash that stands `at`.
    fn escape(&mut self, at: usize) -> Result<char, SyntaxError> {
        let escaped = match self.character() {
            Some(c @ ('"' | '\\' | '/')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.code_point(),
            _ => None,
        };
        escaped.ok_or_else(|| SyntaxError::new(at, "this is not an escape that JSON has"))
    }

    /// The digits after `\u`, and the second half where they are the first of a surrogate pair.
    fn code_point(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if self.character() != Some('\\') || self.character() != Some('u') {
            return None;
        }
        let second = self.four_digits().filter(|second| (0xdc00..0xe000).contains(second))?;
        let (high, low) = (first.checked_sub(0xd800)?, second.checked_sub(0xdc00)?);
        char::from_u32(high.checked_mul(0x400)?.checked_add(low)?.checked_add(0x1_0000)?)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.skip(4);
        u32::from_str_radix(digits, 16).ok()
    }

    fn character(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.skip(c.len_utf8());
        Some(c)
    }
}

/// White space as JSON has it.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
