//! Building blocks for the parameters of rule kinds: values that know their place in the file, and
//! values that may be written short or as a table.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

/// A value with its byte range in the rule file, for [`crate::Mistake`]s.
#[derive(Debug, Clone)]
pub struct Spanned<T>(toml::Spanned<T>);

impl<T> Spanned<T> {
    /// Byte range in the text of the file.
    pub fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.get_ref()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml::Spanned::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A parameter that may be written as a bare number or text, or as a table with more detail.
///
/// Derived untagged enums lose the place of a mistake; this does not.
pub trait Shorthand: Sized {
    /// The long form.
    type Table: DeserializeOwned + JsonSchema + Into<Self>;

    /// What is expected, for messages: "a formula, or a table with …".
    const EXPECTED: &'static str;

    /// From a bare number, where that is allowed.
    fn from_number(_number: f64) -> Option<Self> {
        None
    }

    /// From a bare text, where that is allowed.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }
}

/// The short or the long form of a [`Shorthand`] parameter, with its place in the file.
#[derive(Debug, Clone)]
pub struct Short<T>(Spanned<ShortValue<T>>);

impl<T> Short<T> {
    /// A value that stands where it stands as a whole: its own place is empty.
    pub(crate) fn whole(value: T) -> Self {
        Self(Spanned(toml::Spanned::new(0..0, ShortValue(value))))
    }

    /// Byte range in the text of the file.
    pub fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T> Deref for Short<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.deref().0
    }
}

impl<'de, T: Shorthand> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<T: Shorthand> JsonSchema for Short<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::Table::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms = vec![generator.subschema_for::<T::Table>()];
        if T::from_number(1.0).is_some() {
            forms.push(json_schema!({ "type": "number" }));
        }
        if T::from_text("").is_some() {
            forms.push(json_schema!({ "type": "string" }));
        }
        json_schema!({ "anyOf": forms })
    }
}

#[derive(Debug, Clone)]
struct ShortValue<T>(T);

impl<'de, T: Shorthand> Deserialize<'de> for ShortValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortVisitor(PhantomData)).map(Self)
    }
}

struct ShortVisitor<T>(PhantomData<T>);

impl<'de, T: Shorthand> Visitor<'de> for ShortVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        T::from_number(number).ok_or_else(|| E::invalid_type(de::Unexpected::Float(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        T::from_number(number as f64)
            .ok_or_else(|| E::invalid_type(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::invalid_type(de::Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::Table::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
    }
}
