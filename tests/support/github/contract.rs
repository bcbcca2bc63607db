//! GitHub's own description of its API, cut to what deployments need.
//!
//! `tests/fixtures/github_openapi.py` made the file from GitHub's published description (OpenAPI 3.0.3, MIT licence).

use std::{io::Read, sync::LazyLock};

use flate2::read::GzDecoder;
use jsonschema::Registry;
use serde_json::{Map, Value, json};

const FILE: &[u8] = include_bytes!("../../fixtures/github-openapi.json.gz");
/// Where the schemas refer to each other; nothing is fetched.
const URI: &str = "urn:github";
static GITHUB: LazyLock<Contract> = LazyLock::new(Contract::read);
/// The description in JSON Schema's words. Only what judges needs it.
static STRICT: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let mut strict = GITHUB.document.clone();
    nullable_as_any_of(&mut strict);
    Registry::new().add(URI, strict).unwrap().prepare().unwrap()
});

#[derive(Debug)]
pub(crate) struct Contract {
    document: Value,
}

impl Contract {
    pub(crate) fn github() -> &'static Self {
        &GITHUB
    }

    fn read() -> Self {
        let mut text = Vec::new();
        GzDecoder::new(FILE).read_to_end(&mut text).unwrap();
        Self { document: serde_json::from_slice(&text).unwrap() }
    }

    /// Every operation, as `GET /user`.
    pub(crate) fn operations(&self) -> impl Iterator<Item = String> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
    }

    /// Whether an operation answers with lists that go by pages.
    pub(crate) fn pages(&self, operation: &str) -> bool {
        self.judge_question(operation, &[("per_page".to_owned(), "1".to_owned())], None).is_empty()
    }

    /// The schema of the JSON that an operation answers with, where there is any.
    pub(crate) fn answer(&self, operation: &str, status: u16) -> Option<&Value> {
        let answer = self.resolved(self.operation(operation)?["responses"].get(status.to_string())?);
        answer["content"].get("application/json")?.get("schema")
    }

    /// What of a question the operation does not know or want.
    pub(crate) fn judge_question(
        &self,
        operation: &str,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let Some(described) = self.operation(operation) else { return vec![format!("there is no {operation}")] };
        let known: Vec<_> =
            described["parameters"].as_array().into_iter().flatten().map(|it| self.resolved(it)).collect();
        let mut wrong = Vec::new();
        for (name, value) in query {
            match known.iter().find(|it| it["in"] == "query" && it["name"] == name.as_str()) {
                None => wrong.push(format!("the query has no `{name}`")),
                Some(it) => wrong.extend(self.outside_of_enum(&it["schema"], name, value)),
            }
        }
        match (body, described.get("requestBody")) {
            (None, _) => {}
            (Some(_), None) => wrong.push("it takes no body".to_owned()),
            (Some(body), Some(_)) => {
                let schema = pointer(operation, &["requestBody", "content", "application/json", "schema"]);
                wrong.extend(judge(&schema, body));
                wrong.extend(
                    self.unknown_fields(&described["requestBody"]["content"]["application/json"]["schema"], body),
                );
            }
        }
        wrong
    }

    /// What of an answer the description does not say.
    pub(crate) fn judge_answer(&self, operation: &str, status: u16, body: &Value) -> Vec<String> {
        let Some(described) = self.operation(operation) else { return vec![format!("there is no {operation}")] };
        let code = status.to_string();
        let Some(answer) = described["responses"].get(&code) else {
            return vec![format!("{operation} never answers {status}")];
        };
        let schema = match answer["$ref"].as_str() {
            Some(at) => format!("{URI}{at}/content/application~1json/schema"),
            None => pointer(operation, &["responses", &code, "content", "application/json", "schema"]),
        };
        match (self.answer(operation, status), body) {
            (None, Value::Null) => Vec::new(),
            (None, _) => vec![format!("{operation} answers {status} without a body")],
            (Some(_), body) => judge(&schema, body),
        }
    }

    /// What a reference leads to.
    pub(crate) fn resolved<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(at) = schema.get("$ref").and_then(Value::as_str) {
            schema = at.trim_start_matches("#/").split('/').fold(&self.document, |node, key| &node[key]);
        }
        schema
    }

    fn operation(&self, operation: &str) -> Option<&Value> {
        let (method, path) = operation.split_once(' ')?;
        self.document["paths"].get(path)?.get(method.to_lowercase())
    }

    fn outside_of_enum(&self, schema: &Value, name: &str, value: &str) -> Option<String> {
        let allowed = self.resolved(schema).get("enum")?.as_array()?;
        (!allowed.iter().any(|it| it == value)).then(|| format!("`{name}` is never {value}"))
    }

    /// Top-level fields that no alternative of a schema names. GitHub ignores such fields, which hides mistakes.
    fn unknown_fields(&self, schema: &Value, body: &Value) -> Vec<String> {
        let mut known = Vec::new();
        self.fields(schema, &mut known);
        let given = body.as_object().into_iter().flatten().map(|(name, _)| name);
        given.filter(|name| !known.contains(&name.as_str())).map(|name| format!("there is no field `{name}`")).collect()
    }

    fn fields<'a>(&'a self, schema: &'a Value, known: &mut Vec<&'a str>) {
        let schema = self.resolved(schema);
        known.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
        for kind in ["allOf", "anyOf", "oneOf"] {
            schema[kind].as_array().into_iter().flatten().for_each(|part| self.fields(part, known));
        }
    }
}

/// What is wrong with a value, by the schema at this place.
fn judge(schema: &str, value: &Value) -> Vec<String> {
    let validator = jsonschema::options()
        .with_registry(&STRICT)
        .should_validate_formats(true)
        // GitHub itself writes an empty text where there is no address.
        .with_format("uri", |text: &str| text.is_empty() || url::Url::parse(text).is_ok())
        .build(&json!({ "$ref": schema }))
        .unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Where a part of an operation stands, as a reference.
fn pointer(operation: &str, parts: &[&str]) -> String {
    let (method, path) = operation.split_once(' ').unwrap();
    let method = method.to_lowercase();
    let escape = |part: &str| part.replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
    let parts: Vec<_> = ["paths", path, &method].iter().chain(parts).map(|part| escape(part)).collect();
    format!("{URI}#/{}", parts.join("/"))
}

/// OpenAPI 3.0 says `nullable`, which JSON Schema does not know.
fn nullable_as_any_of(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            fields.values_mut().for_each(nullable_as_any_of);
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                fields.remove("nullable");
                let schema = std::mem::take(fields);
                *fields = Map::from_iter([("anyOf".to_owned(), json!([schema, { "type": "null" }]))]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(nullable_as_any_of),
        _ => {}
    }
}
