//! `manifest.json` of an MCP bundle: how a client starts the server, what it asks its user for, and which tools there are.

use serde_json::{Value, json};

use crate::tools::Tool;

/// The version of the format (<https://github.com/modelcontextprotocol/mcpb>, `MANIFEST.md`).
const FORMAT: &str = "0.3";
/// Where the program stands in the bundle.
pub(super) const PROGRAM: &str = "server/deploy-ops";

/// The manifest for these tools.
pub(super) fn of(tools: &[Tool]) -> Value {
    let tools: Vec<Value> =
        tools.iter().map(|tool| json!({ "name": tool.name, "description": tool.description })).collect();
    json!({
        "manifest_version": FORMAT,
        "name": env!("CARGO_PKG_NAME"),
        "display_name": "deploy-ops",
        "version": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "author": { "name": "the deploy-ops-mcp contributors" },
        "license": env!("CARGO_PKG_LICENSE"),
        "keywords": ["deployment", "rollback", "operations"],
        "server": {
            "type": "binary",
            "entry_point": PROGRAM,
            "mcp_config": {
                "command": format!("${{__dirname}}/{PROGRAM}"),
                "args": ["serve", "--config", "${user_config.configuration}"],
                "env": {},
            },
        },
        "tools": tools,
        // Prompts take arguments, so their texts are made when they are asked for.
        "prompts_generated": true,
        "compatibility": { "platforms": [platform()] },
        "user_config": {
            "configuration": {
                "type": "file",
                "title": "Configuration",
                "description": "deploy-ops.toml: what is deployed, where, and under which rules. Check it with `deploy-ops check-config`.",
                "required": true,
            },
        },
    })
}

/// The platform of this program, by the format's names.
fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}
