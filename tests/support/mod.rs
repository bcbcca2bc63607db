//! What several tests need.

mod daemon;
pub(crate) mod manifests;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod mariadb;
pub(crate) mod mcp;
pub(crate) mod permit;
pub(crate) mod port;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod postgres;
pub(crate) mod sandbox;
#[allow(dead_code, unused_imports, reason = "each test takes what it needs")]
pub(crate) mod sshd;
pub(crate) mod stage;
pub(crate) mod terminal;
pub(crate) mod wait;
