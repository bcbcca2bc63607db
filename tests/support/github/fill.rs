//! Whole answers from what a test says: fields that the description requires and no test cares about.

use serde_json::{Map, Value, json};

use super::contract::Contract;

/// A moment for times that no test cares about.
const SOME_TIME: &str = "2026-01-05T10:00:00Z";

/// Adds what the schema requires, at every depth, and changes nothing that is there.
pub(super) fn fill(contract: &Contract, schema: &Value, value: &mut Value) {
    if !value.is_object() && !value.is_array() {
        return;
    }
    let schema = contract.resolved(schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fill(contract, part, value);
    }
    if let Some(fitting) = alternatives(schema).find(|it| fits(contract, it, value)) {
        fill(contract, fitting, value);
    }
    match value {
        Value::Object(fields) => fill_object(contract, schema, fields),
        Value::Array(items) if schema.get("items").is_some() => {
            for item in items {
                fill(contract, &schema["items"], item);
            }
        }
        _ => {}
    }
}

fn fill_object(contract: &Contract, schema: &Value, fields: &mut Map<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            fields.insert(name.to_owned(), made_up(contract, &properties[name]));
        }
    }
    for (name, value) in fields {
        if let Some(schema) = properties.get(name) {
            fill(contract, schema, value);
        }
    }
}

/// The plainest value that a schema allows: null where it may be.
fn made_up(contract: &Contract, schema: &Value) -> Value {
    let schema = contract.resolved(schema);
    if schema["nullable"] == true {
        return Value::Null;
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(part) = schema["allOf"].as_array().and_then(|all| all.first()).or_else(|| alternatives(schema).next()) {
        return made_up(contract, part);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => json!(SOME_TIME),
        (Some("string"), Some("uri")) => json!("https://github.example.org/"),
        (Some("string"), _) => json!(""),
        (Some("integer" | "number"), _) => json!(schema["minimum"].as_i64().unwrap_or(0)),
        (Some("boolean"), _) => json!(false),
        (Some("array"), _) => json!([]),
        _ => json!({}),
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].iter().flat_map(|kind| schema[*kind].as_array().into_iter().flatten())
}

/// Whether a value may be meant for this alternative: the kind of value, and the fields that can be only some words.
fn fits(contract: &Contract, schema: &Value, value: &Value) -> bool {
    let schema = contract.resolved(schema);
    let kind = match value {
        Value::Null => return schema["nullable"] == true,
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => return matches!(schema["type"].as_str(), Some("integer" | "number")),
    };
    let words_fit = |(name, schema): (&String, &Value)| {
        let allowed = contract.resolved(schema)["enum"].as_array();
        allowed.is_none_or(|allowed| value.get(name).is_none_or(|given| allowed.contains(given)))
    };
    schema.get("type").is_none_or(|it| it == kind)
        && schema["properties"].as_object().is_none_or(|properties| properties.iter().all(words_fit))
}
