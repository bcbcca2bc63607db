//! What clients see of the tools, as files: a changed description, schema or annotation shows up as a diff to be reviewed.
//!
//! `UPDATE_GOLDEN=1 cargo test golden` writes the files anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use deploy_ops_mcp::tools::{self, Tool, page};
use serde_json::{Map, Value};

/// What `tools/list` may cost a model's context: names, descriptions and input schemas, bytes / 4.
const TOKEN_BUDGET: usize = 6_000;

/// Arguments that would be a way round the rules, or a way in for secrets and free commands.
const REFUSED_ARGUMENTS: &[&str] = &[
    "approve",
    "code",
    "command",
    "confirm",
    "credential",
    "dsn",
    "flags",
    "force",
    "options",
    "otp",
    "override",
    "password",
    "query_string",
    "script",
    "secret_value",
    "shell",
    "sql",
    "token",
    "totp",
    "url",
    "yes",
];
const REFUSED_BEGINNINGS: &[&str] = &["skip", "no_", "ignore", "bypass", "force"];

const COMMAND: &str = "run: UPDATE_GOLDEN=1 cargo test golden";

#[test]
fn golden_schemas_and_pages() {
    let tools = tools::all();
    assert!(!tools.is_empty());
    let mut wrong = Vec::new();
    for tool in &tools {
        let page = page::page(tool);
        wrong.extend(compare(&schema_directory().join(format!("{}.json", tool.name)), &page.schema));
        wrong.extend(compare(&page_directory().join(format!("{}.md", tool.name)), &page.markdown));
    }
    let names: BTreeSet<&str> = tools.iter().map(|tool| tool.name).collect();
    for directory in [schema_directory(), page_directory()] {
        wrong.extend(strangers(&directory, &names));
    }
    assert!(wrong.is_empty(), "{COMMAND}\n{}", wrong.join("\n"));
}

#[test]
fn the_agent_of_claude_may_use_every_tool() {
    let page = fs::read_to_string(root().join("docs/clients/claude.md")).unwrap();
    for tool in tools::all() {
        assert!(
            page.contains(&format!("mcp__deploy-ops__{}", tool.name)),
            "docs/clients/claude.md lacks {}",
            tool.name
        );
    }
}

#[test]
fn golden_table_in_the_readme() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- tools:begin -->\n").expect("the begin of the table of tools");
    let (_, after) = rest.split_once("<!-- tools:end -->").expect("the end of the table of tools");
    let rows: String = tools::all().iter().map(|tool| page::row(tool) + "\n").collect();
    let wanted = format!(
        "{before}<!-- tools:begin -->\n| tool | toolset | effect | what it does |\n|---|---|---|---|\n{rows}<!-- tools:end -->{after}"
    );
    let wrong = compare(&path, &wanted);
    assert!(wrong.is_none(), "{COMMAND}\n{}", wrong.unwrap_or_default());
}

#[test]
fn the_list_of_tools_stays_small() {
    let size = |tool: &Tool| {
        let schema = serde_json::to_string(&(tool.input_schema)()).unwrap();
        tool.name.len() + tool.description.len() + schema.len()
    };
    let tokens = tools::all().iter().map(size).sum::<usize>() / 4;
    assert!(tokens <= TOKEN_BUDGET, "tools/list costs {tokens} tokens, {TOKEN_BUDGET} at most");
}

#[test]
fn every_tool_keeps_the_contract_of_its_arguments() {
    for tool in tools::all() {
        let wrong = contract(&(tool.input_schema)());
        assert!(wrong.is_empty(), "{}: {}", tool.name, wrong.join("; "));
        let output = (tool.output_schema)();
        assert_eq!(output.get("type"), Some(&Value::from("object")), "{}: a result is an object", tool.name);
        let output = Value::Object(output).to_string();
        assert!(!output.contains("\"$ref\""), "{}: clients may not follow references", tool.name);
        assert!(tool.description.len() >= 80, "{}: a description for a reader with no context", tool.name);
        assert!(
            tool.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{}",
            tool.name
        );
    }
}

#[test]
fn the_order_of_tools_is_that_of_their_names() {
    let names: Vec<&str> = tools::all().iter().map(|tool| tool.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{names:?}");
}

#[test]
fn a_broken_contract_is_seen() {
    let good = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["service"],
        "properties": { "service": { "type": "string", "description": "Which." } },
    });
    assert_eq!(contract(good.as_object().unwrap()), Vec::<String>::new());
    let spoil = |change: fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        contract(bad.as_object().unwrap())
    };
    let broken: [fn(&mut Value); 7] = [
        |schema| schema["additionalProperties"] = true.into(),
        |schema| schema["oneOf"] = serde_json::json!([]),
        |schema| schema["properties"]["service"] = serde_json::json!({ "$ref": "#/$defs/Name", "description": "x" }),
        |schema| schema["properties"]["service"]["description"] = Value::Null,
        |schema| schema["properties"]["force"] = serde_json::json!({ "type": "boolean", "description": "x" }),
        |schema| schema["properties"]["skip_tests"] = serde_json::json!({ "type": "boolean", "description": "x" }),
        |schema| schema["properties"]["deep"] = serde_json::json!({ "type": "object", "description": "x" }),
    ];
    for change in broken {
        assert_eq!(spoil(change).len(), 1, "{:?}", spoil(change));
    }
}

/// What is wrong with an input schema, one sentence each.
fn contract(schema: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    if schema.get("type") != Some(&Value::from("object")) {
        wrong.push("the arguments are not an object".to_owned());
    }
    if schema.get("additionalProperties") != Some(&Value::from(false)) {
        wrong.push("unknown arguments are not refused: additionalProperties must be false".to_owned());
    }
    for word in ["oneOf", "anyOf", "allOf", "$schema", "title"] {
        if schema.contains_key(word) {
            wrong.push(format!("{word} at the top"));
        }
    }
    if Value::Object(schema.clone()).to_string().contains("\"$ref\"") {
        wrong.push("a $ref: clients may not follow references".to_owned());
    }
    let none = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).unwrap_or(&none) {
        if REFUSED_ARGUMENTS.contains(&name.as_str()) || REFUSED_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        {
            wrong.push(format!("no tool has an argument called {name}"));
        }
        if property.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            wrong.push(format!("{name} has no description"));
        }
        if property.get("type") == Some(&Value::from("object")) || property.get("properties").is_some() {
            wrong.push(format!("{name} is not flat"));
        }
    }
    wrong
}

/// The difference between a file and what it should be; none after an update.
pub(crate) fn compare(path: &Path, wanted: &str) -> Option<String> {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == wanted {
        return None;
    }
    if updates() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wanted).unwrap();
        return None;
    }
    let line = found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted).count();
    Some(format!(
        "{}:{}\n  is:        {}\n  should be: {}",
        path.strip_prefix(root()).unwrap_or(path).display(),
        line + 1,
        found.lines().nth(line).unwrap_or("(end)"),
        wanted.lines().nth(line).unwrap_or("(end)")
    ))
}

/// Files of tools that no longer exist; none after an update.
fn strangers(directory: &Path, names: &BTreeSet<&str>) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_strange = |path: &PathBuf| !names.contains(path.file_stem().unwrap().to_string_lossy().as_ref());
    let strange: Vec<PathBuf> = entries.filter(is_strange).collect();
    if updates() {
        for path in &strange {
            fs::remove_file(path).unwrap();
        }
        return Vec::new();
    }
    strange.iter().map(|path| format!("{}: there is no such tool", path.display())).collect()
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema_directory() -> PathBuf {
    root().join("tools-schema")
}

fn page_directory() -> PathBuf {
    root().join("docs/tools")
}
