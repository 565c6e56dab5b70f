//! Presets: what a new tenant begins with. Each is one file of data in `presets/`, where the README says
//! why each is as it is.

use serde::Deserialize;
use serde_json::Value;

use crate::attribute::SchemaUrn;
use crate::schema::{ResourceTypeDefinition, SchemaDefinition, TenantDefinitions, core};

use super::TenantConfig;

/// What a new tenant begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// For whom it is, in a sentence for people.
    pub description: String,
    /// The config, over which goes what the operator sends
    /// ([`merge_patch`](TenantConfig::merge_patch)).
    pub config: TenantConfig,
    /// The schemas and resource types.
    pub definitions: TenantDefinitions,
}

/// A name that no preset has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of 'rfc', 'entra-id', 'okta', 'minimal'")]
pub struct UnknownPreset;

const FILES: [(&str, &str); 4] = [
    ("rfc", include_str!("../../presets/rfc.json")),
    ("entra-id", include_str!("../../presets/entra-id.json")),
    ("okta", include_str!("../../presets/okta.json")),
    ("minimal", include_str!("../../presets/minimal.json")),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    description: String,
    config: Value,
    schemas: Vec<SchemaUrn>,
    resource_types: Vec<ResourceTypeDefinition>,
}

impl Preset {
    /// The preset of tenants that are created without naming one.
    pub const DEFAULT: &'static str = "rfc";

    /// The names of all presets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The preset with this name; `None`, for which [`UnknownPreset`] is the error, where there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = FILES.iter().find(|(known, _)| *known == name)?;
        // A file that does not read is a mistake in this crate, which the tests below would show.
        let file: File = serde_json::from_str(text).ok()?;
        let schemas: Vec<SchemaDefinition> = core::resource_schemas()
            .into_iter()
            .filter(|definition| file.schemas.contains(&definition.id))
            .collect();
        Some(Self {
            name,
            description: file.description,
            config: TenantConfig::from_json(&file.config).ok()?,
            definitions: TenantDefinitions { schemas, resource_types: file.resource_types },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn preset(name: &str) -> Preset {
        Preset::named(name).expect("a preset")
    }

    #[test]
    fn every_preset_reads_and_compiles_and_is_named_in_the_error() {
        for (name, text) in FILES {
            let preset = preset(name);
            assert!(!preset.description.is_empty() && preset.name == name);
            assert!(UnknownPreset.to_string().contains(&format!("'{name}'")), "{name}");
            let file: File = serde_json::from_str(text).expect("a preset");
            assert_eq!(preset.definitions.schemas.len(), file.schemas.len(), "{name}: every URN is known");
            let schema = preset.definitions.compile().expect(name);
            assert!(
                schema.resource_type_at("Users").is_some() && schema.resource_type_at("Groups").is_some()
            );
        }
        assert_eq!(Preset::names().count(), 4);
        assert!(Preset::named("RFC").is_none() && Preset::named("").is_none());
    }

    #[test]
    fn the_default_is_what_the_rfc_has_and_nothing_else() {
        let preset = preset(Preset::DEFAULT);
        assert_eq!(preset.config, TenantConfig::default());
        assert_eq!(preset.definitions, TenantDefinitions::rfc7643());
    }

    #[test]
    fn the_others_differ_where_they_say() {
        let differs = |name: &str| preset(name).config.to_json();
        assert_eq!(
            differs("entra-id"),
            json!({"allowRemoveAllMembers": false, "patchResponseMemberLimit": 0})
        );
        assert_eq!(differs("okta"), json!({"patchResponseMemberLimit": 100}));
        assert_eq!(differs("minimal"), json!({}));
        for name in ["entra-id", "okta"] {
            assert_eq!(preset(name).definitions, TenantDefinitions::rfc7643());
        }
        let minimal = preset("minimal").definitions.compile().expect("compiles");
        assert_eq!(minimal.schemas().len(), 2);
        assert!(minimal.resource_types().iter().all(|resource_type| resource_type.extensions.is_empty()));
    }
}
