//! From tokens to the syntax tree: recursive descent over the grammar of RFC 7644 §3.4.2.2, figure 1,
//! with `not` before `and` before `or`. Nesting is counted before it is entered.

use crate::attribute::{AttributeName, AttributePath};
use crate::error::{ErrorKind, ScimError};

use super::lexer::Lexer;
use super::limits::{MAX_DEPTH, MAX_LENGTH};
use super::token::{SyntaxError, Token, TokenKind, excerpt};
use super::{AttributeTest, ComparisonOperator, Filter, Literal};

pub(super) fn parse_filter(text: &str) -> Result<Filter, ScimError> {
    filter_alone(text).map_err(|error| error.into_scim_error(ErrorKind::InvalidFilter, "filter", text))
}

fn filter_alone(text: &str) -> Result<Filter, SyntaxError> {
    let mut parser = Parser::new(text)?;
    let filter = parser.filter()?;
    match parser.current.kind {
        TokenKind::End => Ok(filter),
        _ => Err(parser.expected("'and', 'or' or the end")),
    }
}

/// Stands at one token and knows how deep it is.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    pub(super) current: Token<'a>,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// # Errors
    /// A text that is too long, or that no token begins.
    pub(super) fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxError::new(
                text.floor_char_boundary(MAX_LENGTH),
                format!("longer than {MAX_LENGTH} bytes"),
            ));
        }
        let mut lexer = Lexer::new(text);
        let current = lexer.next()?;
        Ok(Self { lexer, current, depth: 0 })
    }

    /// Goes on to the next token and answers the one before.
    pub(super) fn advance(&mut self) -> Result<Token<'a>, SyntaxError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next))
    }

    /// The error that something else should stand here.
    pub(super) fn expected(&self, what: &str) -> SyntaxError {
        SyntaxError::new(self.current.start, format!("expected {what}, found {}", self.current.kind))
    }

    /// Alternatives between `or`.
    pub(super) fn filter(&mut self) -> Result<Filter, SyntaxError> {
        let first = self.conjunction()?;
        if !self.at_keyword("or") {
            return Ok(first);
        }
        let mut alternatives = vec![first];
        while self.at_keyword("or") {
            self.advance()?;
            alternatives.push(self.conjunction()?);
        }
        Ok(Filter::Or(alternatives))
    }

    fn conjunction(&mut self) -> Result<Filter, SyntaxError> {
        let first = self.term()?;
        if !self.at_keyword("and") {
            return Ok(first);
        }
        let mut conditions = vec![first];
        while self.at_keyword("and") {
            self.advance()?;
            conditions.push(self.term()?);
        }
        Ok(Filter::And(conditions))
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        matches!(self.current.kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn term(&mut self) -> Result<Filter, SyntaxError> {
        if self.at_keyword("not") {
            self.advance()?;
            if !matches!(self.current.kind, TokenKind::OpenParenthesis) {
                return Err(self.expected("'(' after 'not'"));
            }
            return Ok(Filter::Not(Box::new(self.group()?)));
        }
        if self.at_keyword("and") || self.at_keyword("or") {
            return Err(self.expected("an attribute, 'not' or '('"));
        }
        match self.current.kind {
            TokenKind::OpenParenthesis => self.group(),
            TokenKind::Word(_) => {
                let path = self.attribute_path()?;
                if matches!(self.current.kind, TokenKind::OpenBracket) {
                    self.value_path(path)
                } else {
                    let test = self.test(path.as_str())?;
                    Ok(Filter::Attribute { path, test })
                }
            }
            _ => Err(self.expected("an attribute, 'not' or '('")),
        }
    }

    fn group(&mut self) -> Result<Filter, SyntaxError> {
        self.nested(|parser| {
            if matches!(parser.current.kind, TokenKind::CloseParenthesis) {
                parser.advance().map(drop)
            } else {
                Err(parser.expected("'and', 'or' or ')'"))
            }
        })
    }

    /// A filter one level deeper, from its opening mark on; `close` reads the closing one.
    fn nested(
        &mut self,
        close: impl FnOnce(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<Filter, SyntaxError> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError::new(
                self.current.start,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.depth = self.depth.saturating_add(1);
        self.advance()?;
        let filter = self.filter()?;
        close(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(filter)
    }

    /// The word here as a path.
    pub(super) fn attribute_path(&mut self) -> Result<AttributePath, SyntaxError> {
        let TokenKind::Word(word) = self.current.kind else { return Err(self.expected("an attribute")) };
        let Some(path) = AttributePath::parse(word) else {
            return Err(SyntaxError::new(
                self.current.start,
                format!("{} is not the path of an attribute", excerpt(word)),
            ));
        };
        self.advance()?;
        Ok(path)
    }

    fn value_path(&mut self, path: AttributePath) -> Result<Filter, SyntaxError> {
        self.element_attribute(&path)?;
        let filter = Box::new(self.elements()?);
        let bracket_end = self.advance()?.end;
        let then = match self.sub_attribute(bracket_end)? {
            Some(name) => {
                let test = self.test(&format!("{path}[…].{name}"))?;
                Some((name, test))
            }
            None => None,
        };
        Ok(Filter::ValuePath { path, filter, then })
    }

    /// Whether `path`, which stands before the bracket here, can have elements.
    pub(super) fn element_attribute(&self, path: &AttributePath) -> Result<(), SyntaxError> {
        if path.attribute.is_some() && path.sub_attribute.is_none() {
            return Ok(());
        }
        Err(SyntaxError::new(
            self.current.start,
            format!("'[' has to follow an attribute without a sub-attribute, not {}", excerpt(path.as_str())),
        ))
    }

    /// The filter between brackets; stands at the closing one afterwards.
    pub(super) fn elements(&mut self) -> Result<Filter, SyntaxError> {
        self.nested(|parser| {
            if matches!(parser.current.kind, TokenKind::CloseBracket) {
                Ok(())
            } else {
                Err(parser.expected("'and', 'or' or ']'"))
            }
        })
    }

    /// `.value`, where it follows a bracket that ends at `bracket_end`.
    pub(super) fn sub_attribute(&mut self, bracket_end: usize) -> Result<Option<AttributeName>, SyntaxError> {
        let TokenKind::Word(word) = self.current.kind else { return Ok(None) };
        let Some(name) = word.strip_prefix('.').filter(|_| self.current.start == bracket_end) else {
            return Ok(None);
        };
        if !AttributeName::is_valid(name) {
            return Err(SyntaxError::new(
                self.current.start,
                format!("expected the name of a sub-attribute after '.', found {}", excerpt(name)),
            ));
        }
        let name = AttributeName::from(name);
        self.advance()?;
        Ok(Some(name))
    }

    /// What is asked of `attribute`, from the operator on.
    fn test(&mut self, attribute: &str) -> Result<AttributeTest, SyntaxError> {
        const OPERATORS: &str = "eq, ne, co, sw, ew, gt, ge, lt, le or pr";
        let TokenKind::Word(word) = self.current.kind else {
            return Err(self.expected(&format!("an operator ({OPERATORS}) after {}", excerpt(attribute))));
        };
        if word.eq_ignore_ascii_case("pr") {
            self.advance()?;
            return Ok(AttributeTest::Present);
        }
        let Some(operator) = ComparisonOperator::parse(word) else {
            return Err(SyntaxError::new(
                self.current.start,
                format!("the operator {} is not supported: expected {OPERATORS}", excerpt(word)),
            ));
        };
        self.advance()?;
        Ok(AttributeTest::Compare(operator, self.literal(operator)?))
    }

    fn literal(&mut self, operator: ComparisonOperator) -> Result<Literal, SyntaxError> {
        let literal = match &mut self.current.kind {
            TokenKind::Text(text) => Literal::Text(std::mem::take(text)),
            TokenKind::Number(number) => Literal::Number(number.clone()),
            TokenKind::Word("true") => Literal::Boolean(true),
            TokenKind::Word("false") => Literal::Boolean(false),
            TokenKind::Word("null") => Literal::Null,
            _ => {
                let wanted = format!("a string in quotes, a number, true, false or null after {operator}");
                return Err(self.expected(&wanted));
            }
        };
        self.advance()?;
        Ok(literal)
    }
}
