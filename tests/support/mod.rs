//! What several tests need.

pub(crate) mod mcp;
pub(crate) mod permit;
pub(crate) mod sandbox;
pub(crate) mod stage;
pub(crate) mod terminal;
pub(crate) mod wait;
