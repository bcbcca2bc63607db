//! `deploy-ops schema [tool]`

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{
    Exit,
    terminal::{Terminal, words},
};
use crate::{
    domain::name,
    tools::{self, Tool},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The tool; all of them in short without one.
    tool: Option<String>,
    /// Print the schemas as JSON.
    #[arg(long)]
    json: bool,
}

/// Wants no configuration: the tools are what they are.
pub(super) fn run(options: &Options, terminal: &Terminal) -> Exit {
    let all = tools::all();
    let Some(wanted) = &options.tool else {
        for tool in &all {
            if options.json {
                terminal.line(&as_json(tool).to_string());
            } else {
                terminal.line(&format!(
                    "{:<20} {:<8} {:<8} {}",
                    tool.name,
                    tool.toolset.name(),
                    words(&tool.effect),
                    tool.title
                ));
            }
        }
        return Exit::Done;
    };
    let Some(tool) = all.iter().find(|tool| tool.name == wanted) else {
        let near = name::nearest(wanted, all.iter().map(|tool| tool.name));
        let hint = if near.is_empty() {
            "see deploy-ops schema".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return terminal.mistake(&format!("there is no such tool; {hint}"));
    };
    if options.json {
        terminal.line(&serde_json::to_string_pretty(&as_json(tool)).unwrap_or_default());
    } else {
        terminal.line(&page(tool));
    }
    Exit::Done
}

fn as_json(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "toolset": tool.toolset.name(),
        "effect": tool.effect,
        "idempotent": tool.idempotent,
        "openWorld": tool.open_world,
        "inputSchema": (tool.input_schema)(),
        "outputSchema": tool.result_schema(),
    })
}

/// A tool on one page.
fn page(tool: &Tool) -> String {
    let mut text = format!("{} — {}\n\n{}\n\n", tool.name, tool.title, tool.description);
    // Writing into a String cannot fail.
    let _ = writeln!(text, "toolset {}, effect {}", tool.toolset.name(), words(&tool.effect));
    text.push_str("\nArguments\n");
    text.push_str(&arguments(&(tool.input_schema)()));
    let _ = write!(text, "\nInput schema\n{}\n", pretty(&(tool.input_schema)()));
    let _ = write!(text, "\nOutput schema\n{}", pretty(&tool.result_schema()));
    text
}

fn arguments(schema: &Map<String, Value>) -> String {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::new();
    for (name, argument) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let must = if required.contains(&name.as_str()) { " (required)" } else { "" };
        let description = argument.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
        let default =
            argument.get("default").filter(|d| !d.is_null()).map_or(String::new(), |d| format!(" Default: {d}."));
        let _ = writeln!(text, "  {name}{must}: {description}{default}");
    }
    if text.is_empty() { "  none\n".to_owned() } else { text }
}

fn pretty(schema: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default()
}
