//! MCP server for production deployments.
pub mod config;
pub mod domain;
