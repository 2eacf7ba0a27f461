//! Schemas of keys, for the reference pages and for editors; what stands in them for the types of
//! other crates.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The schema of `T` without references to other schemas.
pub(crate) fn inline_schema<T: schemars::JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

/// Stands for [`cofactor_core::Polarity`] in schemas.
pub(crate) struct PolaritySchema;

impl JsonSchema for PolaritySchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Polarity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["positive", "negative"] })
    }
}

/// Stands for [`cofactor_chem::Adduct`] in schemas.
pub(crate) struct AdductSchema;

impl JsonSchema for AdductSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Adduct".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["[M+H]+", "[M-H]-", "[M+NH4]+"] })
    }
}

/// Stands for [`cofactor_core::Presence`] in schemas.
pub(crate) struct PresenceSchema;

impl JsonSchema for PresenceSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Presence".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["required", "expected", "optional"] })
    }
}
