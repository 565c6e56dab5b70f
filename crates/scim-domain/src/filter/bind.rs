//! Binding a filter to a resource type: every attribute is found, every comparison is checked
//! against the attribute's type (RFC 7644 §3.4.2.2, table 3), every operand becomes the key that it
//! is compared by.

mod location;
mod operand;

use std::fmt;

use crate::attribute::{AttributePath, AttributeRef, AttributeSource, AttributeType, Returned, SchemaUrn};
use crate::error::ScimError;
use crate::schema::{ResolvedPath, ResourceType};

use super::token::excerpt;
use super::{AttributeTest, ComparisonOperator, Filter, Literal, TypedFilter};

/// What a filter is bound with.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The mount, for instance `https://example.com/scim/v2`: what `meta.location` and the `$ref` of
    /// members and groups begin with in answers, and don't where they are kept.
    pub base_url: &'a str,
    /// What happens to attributes that the resource type does not have.
    pub unknown: UnknownAttribute,
}

/// What a filter on an attribute that the resource type does not have means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownAttribute {
    /// It is an error.
    Refuse,
    /// The attribute is absent from every resource of the type: for queries of several types.
    Absent,
}

impl Filter {
    /// The filter bound to `resource_type`.
    ///
    /// - A complex attribute compared as a whole compares its `value` (`emails co "x"`).
    /// - `eq null` is "has no value" and `ne null` is `pr` (RFC 7643 §2.5: null is unassigned).
    /// - `emails[type eq "work"].value eq "x"` asks for one element that matches both.
    /// - The URN of an extension with `pr` asks for some attribute of it, that of the base schema
    ///   for nothing beyond the type.
    ///
    /// # Errors
    /// `invalidFilter`, naming the attribute: one that is not known (under
    /// [`UnknownAttribute::Refuse`]) or is never returned, a complex one compared that has no `value`,
    /// a value path on a simple one, an operator or a literal that its type does not take, a string
    /// with U+0000, which no value holds.
    pub fn bind(
        &self,
        resource_type: &ResourceType,
        binding: &Binding<'_>,
    ) -> Result<TypedFilter, ScimError> {
        Binder { scope: Scope::Resource(resource_type), binding }.filter(self)
    }

    /// The filter of a value path bound to `attribute`: its names are sub-attributes of it. For
    /// [`TypedFilter::matches_element`].
    ///
    /// # Errors
    /// As [`Filter::bind`]; `attribute` itself has to be complex.
    pub fn bind_to_elements(
        &self,
        attribute: &AttributeRef,
        binding: &Binding<'_>,
    ) -> Result<TypedFilter, ScimError> {
        if attribute.leaf().data_type != AttributeType::Complex || attribute.sub_attribute.is_some() {
            return Err(invalid(
                attribute,
                format_args!(
                    "is not complex, so it takes no value path ('[…]'); it is of type {}",
                    attribute.leaf().data_type.as_str()
                ),
            ));
        }
        readable(attribute)?;
        Binder { scope: Scope::Element(attribute), binding }.filter(self)
    }
}

/// Where names are looked up.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceType),
    Element(&'a AttributeRef),
}

/// What a path was found to be.
enum Found {
    Attribute(AttributeRef),
    Extension(SchemaUrn),
    Base,
    Absent,
}

struct Binder<'a> {
    scope: Scope<'a>,
    binding: &'a Binding<'a>,
}

impl Binder<'_> {
    fn filter(&self, filter: &Filter) -> Result<TypedFilter, ScimError> {
        let all = |filters: &[Filter]| {
            filters.iter().map(|filter| self.filter(filter)).collect::<Result<Vec<_>, _>>()
        };
        match filter {
            Filter::And(conditions) => all(conditions).map(TypedFilter::And),
            Filter::Or(alternatives) => all(alternatives).map(TypedFilter::Or),
            Filter::Not(inner) => Ok(TypedFilter::Not(Box::new(self.filter(inner)?))),
            Filter::Attribute { path, test } => self.attribute(path, test),
            Filter::ValuePath { path, filter, then } => {
                let attribute = match self.find(path)? {
                    Found::Attribute(attribute) => attribute,
                    Found::Absent => return Ok(TypedFilter::Constant(false)),
                    Found::Extension(_) | Found::Base => return Err(names_a_schema(path)),
                };
                let mut inner = filter.bind_to_elements(&attribute, self.binding)?;
                if let Some((name, test)) = then {
                    let element = Binder { scope: Scope::Element(&attribute), ..*self };
                    let then = element.named(name.as_str(), test)?;
                    inner = TypedFilter::And(vec![inner, then]);
                }
                Ok(TypedFilter::ValuePath { attribute, filter: Box::new(inner) })
            }
        }
    }

    fn attribute(&self, path: &AttributePath, test: &AttributeTest) -> Result<TypedFilter, ScimError> {
        match (self.find(path)?, test) {
            (Found::Attribute(attribute), test) => self.test(&attribute, test),
            (Found::Absent, test) => Ok(TypedFilter::Constant(matches_absent(test))),
            (Found::Extension(urn), AttributeTest::Present) => Ok(self.some_attribute_of(&urn)),
            (Found::Base, AttributeTest::Present) => Ok(TypedFilter::Constant(true)),
            (Found::Extension(_) | Found::Base, AttributeTest::Compare(..)) => Err(names_a_schema(path)),
        }
    }

    /// A sub-attribute of the element in scope, by its name alone.
    fn named(&self, name: &str, test: &AttributeTest) -> Result<TypedFilter, ScimError> {
        match AttributePath::parse(name) {
            Some(path) => self.attribute(&path, test),
            None => Err(self.unknown(name)),
        }
    }

    fn find(&self, path: &AttributePath) -> Result<Found, ScimError> {
        let found = match self.scope {
            Scope::Resource(resource_type) => resource_type.resolve(path).map(|resolved| match resolved {
                ResolvedPath::Attribute(attribute) => Found::Attribute(attribute),
                ResolvedPath::Extension(urn) => Found::Extension(urn),
                ResolvedPath::Base => Found::Base,
            }),
            Scope::Element(attribute) => attribute.sub(path.as_str()).map(Found::Attribute),
        };
        match (found, self.binding.unknown) {
            (Some(found), _) => Ok(found),
            (None, UnknownAttribute::Absent) => Ok(Found::Absent),
            (None, UnknownAttribute::Refuse) => Err(self.unknown(path.as_str())),
        }
    }

    fn unknown(&self, path: &str) -> ScimError {
        let path = excerpt(path);
        ScimError::invalid_filter(match self.scope {
            Scope::Resource(resource_type) => {
                format!("filter: {} resources have no attribute {path}", resource_type.name())
            }
            Scope::Element(attribute) => format!("filter: {attribute} has no sub-attribute {path}"),
        })
    }

    fn some_attribute_of(&self, urn: &SchemaUrn) -> TypedFilter {
        let Scope::Resource(resource_type) = self.scope else { return TypedFilter::Constant(false) };
        let of_extension = |attribute: &AttributeRef| attribute.extension.as_ref() == Some(urn);
        TypedFilter::Or(
            resource_type
                .attributes()
                .filter(|attribute| of_extension(attribute) && readable(attribute).is_ok())
                .map(TypedFilter::Present)
                .collect(),
        )
    }

    fn test(&self, attribute: &AttributeRef, test: &AttributeTest) -> Result<TypedFilter, ScimError> {
        readable(attribute)?;
        let (operator, literal) = match test {
            AttributeTest::Present => return Ok(TypedFilter::Present(attribute.clone())),
            AttributeTest::Compare(operator, literal) => (*operator, literal),
        };
        if *literal == Literal::Null {
            let present = TypedFilter::Present(attribute.clone());
            return match operator {
                ComparisonOperator::Equal => Ok(TypedFilter::Not(Box::new(present))),
                ComparisonOperator::NotEqual => Ok(present),
                _ => Err(invalid(
                    attribute,
                    format_args!("null compares by eq and ne only, not by {operator}"),
                )),
            };
        }
        let simple = simple(attribute)?;
        readable(&simple)?;
        let operand = operand::operand(&simple, operator, literal)?;
        Ok(match literal {
            Literal::Text(text) if is_location(&simple) => {
                location::compare(&simple, operator, text, self.binding.base_url)
            }
            _ => TypedFilter::Compare { attribute: simple, operator, operand },
        })
    }
}

/// What the comparison says of a resource without the attribute: only `ne` matches it, and of those
/// with `null`, which ask for presence, `eq`.
fn matches_absent(test: &AttributeTest) -> bool {
    match test {
        AttributeTest::Present => false,
        AttributeTest::Compare(operator, Literal::Null) => *operator == ComparisonOperator::Equal,
        AttributeTest::Compare(operator, _) => *operator == ComparisonOperator::NotEqual,
    }
}

/// What is compared where `attribute` is: its `value`, if it is complex.
fn simple(attribute: &AttributeRef) -> Result<AttributeRef, ScimError> {
    if attribute.leaf().data_type != AttributeType::Complex {
        return Ok(attribute.clone());
    }
    attribute.sub("value").filter(|_| attribute.sub_attribute.is_none()).ok_or_else(|| {
        invalid(attribute, format_args!("is complex and has no 'value': compare one of its sub-attributes"))
    })
}

/// A filter would tell, guess by guess, what is never to be returned (RFC 7643 §7).
fn readable(attribute: &AttributeRef) -> Result<(), ScimError> {
    if attribute.attribute.returned == Returned::Never || attribute.leaf().returned == Returned::Never {
        return Err(invalid(attribute, format_args!("is never returned, so it cannot be filtered by")));
    }
    Ok(())
}

/// Whether the values are URLs under the mount, which are kept without the base URL.
fn is_location(attribute: &AttributeRef) -> bool {
    let name = &attribute.leaf().name;
    match attribute.source {
        AttributeSource::Meta => name.matches("location"),
        AttributeSource::Members | AttributeSource::Groups => name.matches("$ref"),
        AttributeSource::Stored | AttributeSource::Id | AttributeSource::Schemas => false,
    }
}

fn names_a_schema(path: &AttributePath) -> ScimError {
    ScimError::invalid_filter(format!(
        "filter: {} names a schema as a whole, which takes pr only",
        excerpt(path.as_str())
    ))
}

fn invalid(attribute: &AttributeRef, problem: fmt::Arguments<'_>) -> ScimError {
    ScimError::invalid_filter(format!("filter: {attribute}: {problem}"))
}
