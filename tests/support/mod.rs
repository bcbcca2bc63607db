//! What several tests need.

pub(crate) mod manifests;
mod daemon;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod mariadb;
pub(crate) mod mcp;
pub(crate) mod permit;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod postgres;
pub(crate) mod sandbox;
pub(crate) mod stage;
