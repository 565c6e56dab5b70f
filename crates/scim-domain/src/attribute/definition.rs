//! An attribute's definition: its type and characteristics (RFC 7643 §2.2, §7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::keyword::keywords;

use super::AttributeName;

/// The data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeType {
    /// RFC 7643 §2.3.1
    String,
    /// RFC 7643 §2.3.2
    Boolean,
    /// RFC 7643 §2.3.3
    Decimal,
    /// RFC 7643 §2.3.4
    Integer,
    /// RFC 7643 §2.3.5
    DateTime,
    /// RFC 7643 §2.3.6, base64 text
    Binary,
    /// RFC 7643 §2.3.7, a URI
    Reference,
    /// RFC 7643 §2.3.8
    Complex,
}

keywords!(AttributeType {
    String = "string",
    Boolean = "boolean",
    Decimal = "decimal",
    Integer = "integer",
    DateTime = "dateTime",
    Binary = "binary",
    Reference = "reference",
    Complex = "complex",
});

/// When a client may write an attribute (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Only the service provider writes it.
    ReadOnly,
    /// Read and written at any time.
    #[default]
    ReadWrite,
    /// Written once, when the resource or value is created.
    Immutable,
    /// Written at any time, never read.
    WriteOnly,
}

keywords!(Mutability {
    ReadOnly = "readOnly",
    ReadWrite = "readWrite",
    Immutable = "immutable",
    WriteOnly = "writeOnly",
});

/// When an attribute is part of an answer (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Always, whatever `attributes` and `excludedAttributes` say.
    Always,
    /// Never.
    Never,
    /// Unless `attributes` leaves it out or `excludedAttributes` names it.
    #[default]
    Default,
    /// Only when `attributes` names it.
    Request,
}

keywords!(Returned {
    Always = "always",
    Never = "never",
    Default = "default",
    Request = "request",
});

/// How far a value has to be unique (RFC 7643 §7). `global` is held like `server`: within the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Not unique.
    #[default]
    None,
    /// Unique among the resources of one type in one tenant.
    Server,
    /// Unique everywhere, as far as this server can see.
    Global,
}

keywords!(Uniqueness {
    None = "none",
    Server = "server",
    Global = "global",
});

/// One attribute of a schema, in the form of RFC 7643 §7. Missing characteristics take the defaults of §2.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeDefinition {
    /// The name; answers use this spelling.
    pub name: AttributeName,
    /// The data type.
    #[serde(rename = "type")]
    pub data_type: AttributeType,
    /// Whether the value is an array.
    #[serde(default)]
    pub multi_valued: bool,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have a value.
    #[serde(default)]
    pub required: bool,
    /// Suggested values; enforced in strict mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether string values compare with regard to case.
    #[serde(default)]
    pub case_exact: bool,
    /// When it may be written.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is answered.
    #[serde(default)]
    pub returned: Returned,
    /// Whether values are unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What a reference may point to: resource type names, `external` or `uri`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Arc<AttributeDefinition>>,
}

impl AttributeDefinition {
    /// A readWrite, single-valued attribute of `data_type` with the default characteristics.
    pub fn new(name: &str, data_type: AttributeType) -> Self {
        Self {
            name: name.into(),
            data_type,
            multi_valued: false,
            description: String::new(),
            required: false,
            canonical_values: Vec::new(),
            case_exact: false,
            mutability: Mutability::default(),
            returned: Returned::default(),
            uniqueness: Uniqueness::default(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// The sub-attribute of this name, in whatever case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<AttributeDefinition>> {
        self.sub_attributes.iter().find(|sub| sub.name.matches(name))
    }

    /// Whether string values compare with regard to case: as declared, and always for references
    /// and binaries (RFC 7643 §2.3.6, §2.3.7).
    pub fn is_case_exact(&self) -> bool {
        self.case_exact || matches!(self.data_type, AttributeType::Reference | AttributeType::Binary)
    }

    /// Whether values are text: strings, references, binaries and dateTimes are JSON strings.
    pub fn is_text(&self) -> bool {
        matches!(
            self.data_type,
            AttributeType::String
                | AttributeType::Reference
                | AttributeType::Binary
                | AttributeType::DateTime
        )
    }
}
