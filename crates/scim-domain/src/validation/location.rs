//! Where in a body a value is, for the details of errors: `emails[0].value`. It costs nothing until
//! it is printed.

use std::fmt;

use crate::attribute::AttributeRef;

/// The place of a value: a step from the place of the value around it.
#[derive(Clone, Copy)]
pub(super) struct Location<'a> {
    parent: Option<&'a Location<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Attribute(&'a AttributeRef),
    Name(&'a str),
    Index(usize),
}

impl<'a> Location<'a> {
    /// The place of an attribute, by its path in the schema's spelling.
    pub(super) fn of(attribute: &'a AttributeRef) -> Self {
        Self { parent: None, step: Step::Attribute(attribute) }
    }

    /// The place of the sub-attribute `name` in the complex value at this place.
    pub(super) fn sub<'b>(&'b self, name: &'b str) -> Location<'b> {
        Location { parent: Some(self), step: Step::Name(name) }
    }

    /// The place of element `index` in the array at this place.
    pub(super) fn element(&self, index: usize) -> Location<'_> {
        Location { parent: Some(self), step: Step::Index(index) }
    }
}

impl Location<'_> {
    /// The path of the attribute that is here, without the places of elements: `emails.value`.
    pub(super) fn path(&self) -> String {
        let inner = match self.step {
            Step::Attribute(attribute) => attribute.to_string(),
            Step::Name(name) => format!(".{name}"),
            Step::Index(_) => String::new(),
        };
        self.parent.map(Self::path).unwrap_or_default() + &inner
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Attribute(attribute) => attribute.fmt(f),
            Step::Name(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// At most the first 64 characters of a client's text, for the detail of an error.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 64;
    let mut excerpt: String = text.chars().take(LONGEST).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
