//! The JSON Schemas of arguments and results.

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use super::Tool;

/// A JSON Schema without what says nothing: no `$schema`, no title of the Rust type, no references. The contract says whose
/// view it is: what is left out when it is empty is not required of a result.
pub(super) fn of<T: JsonSchema>(contract: Contract) -> Map<String, Value> {
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

impl Tool {
    /// The schema of a structured result: the output, or a refusal. A client may validate refusals as well, and shows its user
    /// the validator's message instead of ours when they do not fit.
    pub fn result_schema(&self) -> Map<String, Value> {
        let mut schema = (self.output_schema)();
        let refusal = json!({ "type": "object", "description": "Why it was refused, and what to do." });
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("error".to_owned(), refusal);
        }
        if let Some(required) = schema.remove("required") {
            schema.insert("anyOf".to_owned(), json!([{ "required": required }, { "required": ["error"] }]));
        }
        schema
    }
}
