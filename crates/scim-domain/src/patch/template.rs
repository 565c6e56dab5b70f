//! What an element has to have so that a filter selects it, where the filter says just that.

use serde_json::{Map, Value};

use crate::attribute::{AttributePath, AttributeRef, Mutability};
use crate::filter::{AttributeTest, ComparisonOperator, Filter, Literal};

/// The element that `filter` describes: one `eq`, or several joined by `and`, on sub-attributes that a
/// client may write. `None` where it describes none, or contradicts itself.
pub(super) fn from_filter(attribute: &AttributeRef, filter: &Filter) -> Option<Map<String, Value>> {
    let mut template = Map::new();
    let conditions = match filter {
        Filter::And(conditions) => conditions.as_slice(),
        single => std::slice::from_ref(single),
    };
    for condition in conditions {
        let Filter::Attribute { path, test: AttributeTest::Compare(ComparisonOperator::Equal, literal) } =
            condition
        else {
            return None;
        };
        let value = match literal {
            Literal::Null => return None,
            Literal::Boolean(value) => Value::Bool(*value),
            Literal::Number(value) => Value::Number(value.clone()),
            Literal::Text(value) => Value::String(value.clone()),
        };
        let sub_attribute = sub_attribute(attribute, path)?;
        let name = sub_attribute.leaf().name.as_str();
        if template.get(name).is_some_and(|other| *other != value) {
            return None;
        }
        template.insert(name.to_owned(), value);
    }
    Some(template)
}

fn sub_attribute(attribute: &AttributeRef, path: &AttributePath) -> Option<AttributeRef> {
    let is_name = path.schema.is_none() && path.sub_attribute.is_none();
    let name = path.attribute.as_ref().filter(|_| is_name)?;
    attribute.sub(name.as_str()).filter(|sub| sub.leaf().mutability != Mutability::ReadOnly)
}
