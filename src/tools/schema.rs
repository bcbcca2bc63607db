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
    let mut schema = of::<T>(Contract::Deserialize);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(remove_types_descriptions);
    }
    schema
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
            map.values_mut().for_each(|value| each_object(value, &remove_rust_format));
            map
        }
        _ => Map::new(),
    }
}

/// Changes every object of a schema, the innermost first.
fn each_object(value: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|inner| each_object(inner, change));
            change(map);
        }
        Value::Array(values) => values.iter_mut().for_each(|inner| each_object(inner, change)),
        _ => {}
    }
}

/// Removes the formats `uint32`, `uint64` and so on, which are no formats of JSON Schema: validators warn of each.
fn remove_rust_format(map: &mut Map<String, Value>) {
    if map.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
        map.remove("format");
    }
}

/// Removes what a type says of itself where the argument says what it is for: a model pays for both.
fn remove_types_descriptions(argument: &mut Value) {
    let Value::Object(argument) = argument else { return };
    if !argument.contains_key("description") {
        return;
    }
    if let Some(of_each) = argument.get_mut("items").and_then(Value::as_object_mut) {
        of_each.remove("description");
    }
    for of_type in argument.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        of_type.as_object_mut().and_then(|of_type| of_type.remove("description"));
    }
}

/// How many levels of a result are described: its fields, and theirs.
const LEVELS: usize = 2;

/// Takes away what is below that many levels of properties: there it only says whether something is an object, an array, a text.
fn cut(schema: &mut Value, levels: usize) {
    let Value::Object(map) = schema else { return };
    if levels == 0 {
        map.retain(|word, _| !matches!(word.as_str(), "properties" | "required" | "additionalProperties" | "items"));
    }
    for (word, inner) in map.iter_mut() {
        match (word.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|property| cut(property, levels.saturating_sub(1)));
            }
            ("anyOf" | "oneOf", Value::Array(choices)) => choices.iter_mut().for_each(|choice| cut(choice, levels)),
            ("items" | "additionalProperties", inner) => cut(inner, levels),
            _ => {}
        }
    }
}

/// Writes a choice among texts as one. What each of them means was its description.
fn write_choice(map: &mut Map<String, Value>) {
    let text = |choice: &Value| {
        let choice = choice.as_object()?;
        let text = choice.get("const").filter(|text| text.is_string())?;
        choice.keys().all(|word| word == "const" || word == "type").then(|| text.clone())
    };
    let choices = map.get("oneOf").and_then(Value::as_array);
    if let Some(texts) = choices.and_then(|choices| choices.iter().map(text).collect::<Option<Vec<_>>>()) {
        map.remove("oneOf");
        map.insert("type".to_owned(), "string".into());
        map.insert("enum".to_owned(), texts.into());
    }
}

/// Removes what is only for readers. A property that is called `description` is a schema, not a text, and stays.
fn remove_description(map: &mut Map<String, Value>) {
    if map.get("description").is_some_and(Value::is_string) {
        map.remove("description");
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
    /// It has no descriptions, and two levels: every client pays for `tools/list` at every start, and the pages have them.
    pub fn result_schema(&self) -> Map<String, Value> {
        let mut schema = Value::Object(with_added((self.output_schema)()));
        each_object(&mut schema, &remove_description);
        each_object(&mut schema, &write_choice);
        cut(&mut schema, LEVELS);
        let Value::Object(mut schema) = schema else { return Map::new() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_levels_stay_and_choices_are_written_as_one() {
        let choice = json!({ "oneOf": [{ "const": "a", "type": "string" }, { "const": "b", "type": "string" }] });
        let deep = json!({ "type": "object", "properties": { "far": choice }, "required": ["far"] });
        let of = |deep: &Value, choice: &Value| {
            let near =
                json!({ "type": "object", "properties": { "deep": deep, "choice": choice }, "required": ["deep"] });
            json!({ "properties": { "list": { "type": "array", "items": near }, "maybe": { "anyOf": [near, { "type": "null" }] } } })
        };
        let mut schema = of(&deep, &choice);
        each_object(&mut schema, &write_choice);
        cut(&mut schema, LEVELS);
        assert_eq!(schema, of(&json!({ "type": "object" }), &json!({ "type": "string", "enum": ["a", "b"] })));
    }

    #[test]
    fn an_argument_is_described_once() {
        let of_type = json!({ "type": "string", "description": "A service." });
        let mut arguments = [
            json!({ "description": "Which.", "items": of_type }),
            json!({ "description": "Which.", "anyOf": [of_type, { "type": "null" }] }),
            json!({ "items": of_type }),
        ];
        arguments.iter_mut().for_each(remove_types_descriptions);
        let bare = json!({ "type": "string" });
        assert_eq!(
            arguments,
            [
                json!({ "description": "Which.", "items": bare }),
                json!({ "description": "Which.", "anyOf": [bare, { "type": "null" }] }),
                json!({ "items": of_type }),
            ]
        );
    }
}
