//! How many blocks a `partition` rule takes: a number, or from one to another.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::engine::MAX_COUNT;

/// A number of blocks, or from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) low: usize,
    pub(super) high: usize,
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of blocks such as 2, or [1, 3], of at most {MAX_COUNT}")
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Count, E> {
                let count = usize::try_from(count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))?;
                Ok(Count { low: count, high: count })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut counts: A) -> Result<Count, A::Error> {
                let (low, high) = (counts.next_element()?, counts.next_element()?);
                match (low, high, counts.next_element::<usize>()?) {
                    (Some(low), Some(high), None) => Ok(Count { low, high }),
                    _ => Err(de::Error::custom("a range of counts is written [low, high]")),
                }
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let range = json_schema!({ "type": "array", "items": { "type": "integer" },
            "minItems": 2, "maxItems": 2 });
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": MAX_COUNT },
            range] })
    }
}
