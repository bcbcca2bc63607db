//! MCP server for production deployments.
pub mod domain;
