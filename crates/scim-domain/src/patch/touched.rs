//! The attributes that a request has touched. Only these are checked for what is required: data that
//! was bad before and is not touched blocks nothing.

use crate::attribute::AttributeRef;
use crate::error::ScimError;
use crate::resource::Attributes;
use crate::validation::SchemaValidator;

/// Each attribute once, with the operation that touched it last.
#[derive(Default)]
pub(super) struct Touched(Vec<(AttributeRef, usize)>);

impl Touched {
    pub(super) fn insert(&mut self, attribute: &AttributeRef, index: usize) {
        match self.0.iter_mut().find(|(touched, _)| touched.same_attribute_as(attribute)) {
            Some((_, last)) => *last = index,
            None => self.0.push((attribute.whole(), index)),
        }
    }

    /// Whether each touched attribute has what it must have, and so has the extension that it is in.
    ///
    /// # Errors
    /// `invalidValue` that names what is missing.
    pub(super) fn check_required(
        &self,
        validator: SchemaValidator<'_>,
        current: &Attributes,
        attributes: &Attributes,
    ) -> Result<(), ScimError> {
        for (attribute, index) in &self.0 {
            self.check_one(validator, current, attributes, attribute)
                .map_err(|error| error.within(format_args!("Operations[{index}]")))?;
        }
        Ok(())
    }

    fn check_one(
        &self,
        validator: SchemaValidator<'_>,
        current: &Attributes,
        attributes: &Attributes,
        attribute: &AttributeRef,
    ) -> Result<(), ScimError> {
        validator.check_required_attribute(attributes, attribute)?;
        let Some(urn) = &attribute.extension else { return Ok(()) };
        let (was, is) = (current.contains_key(urn.as_str()), attributes.contains_key(urn.as_str()));
        let extension = validator.resource_type.extension(urn.as_str());
        match (was, is) {
            (true, false) if extension.is_some_and(|extension| extension.required) => {
                Err(ScimError::mutability(format!("{urn}: required, cannot be removed")))
            }
            (false, true) => validator
                .resource_type
                .attributes()
                .filter(|other| other.extension.as_ref() == Some(urn))
                .try_for_each(|other| validator.check_required_attribute(attributes, &other)),
            _ => Ok(()),
        }
    }
}
