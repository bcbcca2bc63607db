//! Argument types that several tools share: what does not fit does not parse.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::refusal::{Code, Refusal};

/// Refuses what is longer than the input schema says.
pub(super) fn at_most(argument: &str, length: usize, limit: usize) -> Result<(), Refusal> {
    if length <= limit {
        return Ok(());
    }
    let message = format!("The argument {argument} is too long: at most {limit}.");
    Err(Refusal::new(Code::BadArgument, message, "Give less, or call again for the rest."))
}

macro_rules! bounded {
    ($(#[$doc:meta])* $type:ident, $min:literal, $max:literal, $default:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $type(u32);

        impl $type {
            /// The number.
            pub(crate) fn get(self) -> u32 {
                self.0
            }
        }

        impl Default for $type {
            fn default() -> Self {
                Self($default)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = u32::deserialize(deserializer)?;
                if ($min..=$max).contains(&number) { Ok(Self(number)) } else { Err(D::Error::custom($rule)) }
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": $min, "maximum": $max, "default": $default })
            }
        }
    };
}

/// How long a call waits, s. When the caller does not say, the operator's default holds, so the schema names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WaitSeconds(Option<u32>);

impl WaitSeconds {
    /// What the caller asked for.
    pub(crate) fn get(self) -> Option<u32> {
        self.0
    }
}

impl<'de> Deserialize<'de> for WaitSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            number @ ..=40 => Ok(Self(Some(number))),
            _ => Err(D::Error::custom("not a valid wait_s: use 0 to 40 seconds")),
        }
    }
}

impl JsonSchema for WaitSeconds {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WaitSeconds".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": 40 })
    }
}

bounded!(
    /// How many entries are returned.
    Limit, 1, 200, 20, "not a valid limit: use 1 to 200");
bounded!(
    /// How many entries are returned of each thing that was asked for.
    OfEach, 1, 100, 3, "not a valid limit: use 1 to 100");
bounded!(
    /// How many lines are returned.
    Lines, 1, 500, 60, "not a valid limit: use 1 to 500");
