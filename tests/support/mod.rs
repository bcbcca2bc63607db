//! What several tests need.

pub(crate) mod manifests;
pub(crate) mod mcp;
pub(crate) mod permit;
pub(crate) mod sandbox;
pub(crate) mod stage;
