//! What several tests need.

mod daemon;
pub(crate) mod forum;
pub(crate) mod manifests;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod mariadb;
pub(crate) mod mcp;
pub(crate) mod permit;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod postgres;
pub(crate) mod sandbox;
pub(crate) mod small_disk;
pub(crate) mod stage;
pub(crate) mod terminal;
pub(crate) mod wait;
