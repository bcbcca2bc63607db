//! The JSON Schemas of arguments and results.

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Tool;
use crate::domain::refusal::NextCall;

/// The schema of a tool's arguments.
pub(super) fn of_arguments<T: JsonSchema>() -> Map<String, Value> {
    of::<T>(Contract::Deserialize)
}

/// The schema of a tool's output.
pub(super) fn of_output<T: JsonSchema>() -> Map<String, Value> {
    of::<T>(Contract::Serialize)
}

/// A JSON Schema without what says nothing: no `$schema`, no title of the Rust type, no references. The contract says whose
/// view it is: what is left out when it is empty is not required of a result.
fn of<T: JsonSchema>(contract: Contract) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = contract;
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let schema: Schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    match schema.to_value() {
        Value::Object(mut map) => {
            map.remove("title");
            map.remove("description");
            map.values_mut().for_each(remove_rust_formats);
            map
        }
        _ => Map::new(),
    }
}

/// Removes the formats `uint32`, `uint64` and so on, which are no formats of JSON Schema: validators warn of each.
fn remove_rust_formats(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                map.remove("format");
            }
            map.values_mut().for_each(remove_rust_formats);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_rust_formats),
        _ => {}
    }
}

/// Removes what is only for readers. A property that is called `description` is a schema, not a text, and stays.
fn remove_descriptions(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("description").is_some_and(Value::is_string) {
                map.remove("description");
            }
            map.values_mut().for_each(remove_descriptions);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_descriptions),
        _ => {}
    }
}

/// What the engine adds to the output of every tool.
#[derive(Serialize, JsonSchema)]
struct Added {
    /// The head of the ledger: number and hash of its last entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<String>,
    /// The calls that make sense now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<NextCall>,
}

/// The schema of an output, with what the engine adds.
pub(super) fn with_added(mut output: Map<String, Value>) -> Map<String, Value> {
    let added = of_output::<Added>().remove("properties");
    if let (Some(Value::Object(properties)), Some(Value::Object(added))) = (output.get_mut("properties"), added) {
        properties.extend(added);
    }
    output
}

impl Tool {
    /// The schema of a structured result: the output, or a refusal, with what the engine adds to both. A client may validate
    /// refusals as well, and shows its user the validator's message instead of ours when they do not fit.
    ///
    /// It has no descriptions: every client pays for `tools/list` at every start, and the pages have them.
    pub fn result_schema(&self) -> Map<String, Value> {
        let mut schema = with_added((self.output_schema)());
        schema.values_mut().for_each(remove_descriptions);
        let refusal = json!({ "type": "object" });
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("error".to_owned(), refusal);
        }
        if let Some(required) = schema.remove("required") {
            schema.insert("anyOf".to_owned(), json!([{ "required": required }, { "required": ["error"] }]));
        }
        schema
    }
}
