//! The tools as `tools/list` shows them.

use std::{ptr, sync::Arc};

use rmcp::model::{ToolAnnotations, object};
use serde_json::{Map, Value};

use crate::{domain::effect::Effect, tools::Tool};

/// The tools as MCP describes them, in the order of their names.
///
/// Half of them answer with an operation: its schema is made once and shared, being most of the memory of an idle server otherwise.
pub fn describe(tools: &[Tool]) -> Vec<rmcp::model::Tool> {
    let mut described: Vec<rmcp::model::Tool> = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        let alike = |other: &(&Tool, &rmcp::model::Tool)| ptr::fn_addr_eq(other.0.output_schema, tool.output_schema);
        let shared =
            tools.iter().take(place).zip(&described).find(alike).and_then(|(_, same)| same.output_schema.clone());
        let result = shared.unwrap_or_else(|| Arc::new(tool.result_schema()));
        described.push(describe_one(tool, result));
    }
    described.sort_by(|a, b| a.name.cmp(&b.name));
    described
}

fn describe_one(tool: &Tool, result: Arc<Map<String, Value>>) -> rmcp::model::Tool {
    let mut described = rmcp::model::Tool::new(tool.name, tool.description, Arc::new(closed((tool.input_schema)())));
    described.title = Some(tool.title.to_owned());
    described.output_schema = Some(result);
    described.annotations = Some(annotations(tool));
    described
}

/// All four hints, always. A deployment replaces what is live, so a change counts as destructive for the client that decides
/// whether to ask its user first, unless calling it twice is calling it once.
fn annotations(tool: &Tool) -> ToolAnnotations {
    let reads = tool.effect == Effect::Observe;
    ToolAnnotations::new()
        .read_only(reads)
        .destructive(tool.effect == Effect::Destroy || (tool.effect == Effect::Change && !tool.idempotent))
        .idempotent(tool.idempotent)
        .open_world(tool.open_world)
}

/// The schema of an object that takes no other properties. MCP wants `type: object` even where there are no arguments.
fn closed(mut schema: Map<String, Value>) -> Map<String, Value> {
    schema.entry("type").or_insert_with(|| "object".into());
    schema.entry("properties").or_insert_with(|| Value::Object(object(serde_json::json!({}))));
    schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    schema
}
