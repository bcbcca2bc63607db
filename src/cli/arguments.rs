//! From `key=value` to the JSON that a tool's input schema wants.

use serde_json::{Map, Value};

use crate::domain::name;

/// Why the command line does not fit the tool. Values are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadArguments {
    /// Not `key=value`.
    #[error("arguments are written as key=value, or all together as --json '{{…}}'")]
    NotAssigned,
    /// The tool has no such argument.
    #[error("the tool has no argument of that name; {hint}")]
    Unknown {
        /// The nearest ones.
        hint: String,
    },
    /// The value has another type.
    #[error("the argument {name} must be {wanted}")]
    WrongType {
        /// The argument, as the tool calls it.
        name: String,
        /// In words.
        wanted: &'static str,
    },
    /// `--json` holds no object.
    #[error("--json must be one JSON object")]
    NotAnObject,
}

/// The arguments of a call: those of `json`, and over them each `key=value`. A list is given by commas, or by the key again.
pub(crate) fn arguments(
    schema: &Map<String, Value>,
    json: Option<&str>,
    assignments: &[String],
) -> Result<Map<String, Value>, BadArguments> {
    let mut arguments = match json.map(serde_json::from_str::<Value>) {
        None => Map::new(),
        Some(Ok(Value::Object(map))) => map,
        Some(_) => return Err(BadArguments::NotAnObject),
    };
    let empty = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut lists: Vec<&str> = Vec::new();
    for assignment in assignments {
        let (key, text) = assignment.split_once('=').ok_or(BadArguments::NotAssigned)?;
        let Some((key, schema)) = known.get_key_value(key) else {
            let near = name::nearest(key, known.keys().map(String::as_str));
            let names =
                if near.is_empty() { known.keys().cloned().collect::<Vec<_>>().join(", ") } else { near.join(", ") };
            return Err(BadArguments::Unknown {
                hint: if names.is_empty() { "it has none".to_owned() } else { format!("it has {names}") },
            });
        };
        let value = value(key, schema, text)?;
        match (arguments.get_mut(key), value) {
            (Some(Value::Array(items)), Value::Array(more)) if lists.contains(&key.as_str()) => items.extend(more),
            (_, value) => {
                lists.push(key);
                arguments.insert(key.clone(), value);
            }
        }
    }
    Ok(arguments)
}

/// The value that a schema wants. A text that fits no other type is a text if the schema takes one.
fn value(name: &str, schema: &Value, text: &str) -> Result<Value, BadArguments> {
    let types = types(schema);
    let takes = |wanted: &str| types.iter().any(|(kind, _)| kind == wanted);
    if takes("boolean")
        && let Ok(value) = text.parse::<bool>()
    {
        return Ok(Value::from(value));
    }
    if takes("integer")
        && let Ok(value) = text.parse::<i64>()
    {
        return Ok(Value::from(value));
    }
    if takes("number")
        && let Some(value) = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64)
    {
        return Ok(Value::Number(value));
    }
    if let Some((_, list)) = types.iter().find(|(kind, _)| kind == "array") {
        let items = list.get("items").cloned().unwrap_or(Value::Bool(true));
        let texts = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        return texts.map(|text| value(name, &items, text)).collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if takes("object")
        && let Ok(value @ Value::Object(_)) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    if types.is_empty() || takes("string") {
        return Ok(Value::from(text));
    }
    let wanted = types.iter().find_map(|(kind, _)| match kind.as_str() {
        "boolean" => Some("true or false"),
        "integer" => Some("an integer"),
        "number" => Some("a number"),
        "object" => Some("a JSON object"),
        _ => None,
    });
    Err(BadArguments::WrongType { name: name.to_owned(), wanted: wanted.unwrap_or("of another type") })
}

/// The types that a schema allows, each with the schema that says so.
fn types(schema: &Value) -> Vec<(String, &Value)> {
    let mut found: Vec<(String, &Value)> = Vec::new();
    match schema.get("type") {
        Some(Value::String(kind)) => found.push((kind.clone(), schema)),
        Some(Value::Array(kinds)) => {
            found.extend(kinds.iter().filter_map(Value::as_str).map(|kind| (kind.to_owned(), schema)));
        }
        _ => {}
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        for part in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
            found.extend(types(part));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Map<String, Value> {
        let schema = json!({ "properties": {
            "service": { "type": "string" },
            "wait_s": { "type": ["integer", "null"] },
            "journal": { "type": "boolean" },
            "share": { "type": "number" },
            "databases": { "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "null" }] },
            "mode": { "anyOf": [{ "type": "string", "enum": ["dry_run", "execute"] }] },
        }});
        schema.as_object().unwrap().clone()
    }

    fn check(texts: &[&str], wanted: Value) {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(arguments(&schema(), None, &texts).map(Value::Object), Ok(wanted), "{texts:?}");
    }

    #[test]
    fn values_get_the_type_that_the_tool_wants() {
        check(&["service=crm", "wait_s=5", "journal=true"], json!({ "service": "crm", "wait_s": 5, "journal": true }));
        check(&["service=5"], json!({ "service": "5" }));
        check(&["service=a=b"], json!({ "service": "a=b" }));
        check(&["share=0.5", "mode=execute"], json!({ "share": 0.5, "mode": "execute" }));
        check(&["databases=crm, forum"], json!({ "databases": ["crm", "forum"] }));
        check(&["databases=crm", "databases=forum"], json!({ "databases": ["crm", "forum"] }));
        check(&["service=a", "service=b"], json!({ "service": "b" }));
        check(&["databases="], json!({ "databases": [] }));
    }

    #[test]
    fn an_assignment_wins_over_the_json() {
        let json = Some(r#"{"service":"crm","databases":["a"]}"#);
        let texts = ["service=forum".to_owned(), "databases=b".to_owned()];
        let wanted = json!({ "service": "forum", "databases": ["b"] });
        assert_eq!(arguments(&schema(), json, &texts).map(Value::Object), Ok(wanted));
    }

    #[test]
    fn mistakes_are_told_without_the_value() {
        let fails = |json, text: &str| arguments(&schema(), json, &[text.to_owned()]).unwrap_err().to_string();
        assert!(fails(None, "hunter2").contains("key=value"));
        assert!(fails(None, "servce=hunter2").contains("it has service"));
        assert!(fails(None, "wait_s=hunter2").contains("wait_s must be an integer"));
        assert!(fails(None, "journal=hunter2").contains("true or false"));
        assert!(fails(Some("[]"), "service=x").contains("one JSON object"));
        for text in ["hunter2", "servce=hunter2", "wait_s=hunter2"] {
            assert!(!fails(None, text).contains("hunter2"));
        }
    }
}
