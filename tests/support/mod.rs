//! What the tests share: a sandbox with an engine, and a human who approves; a world of real parts, and the right to change it.

pub(crate) mod permit;
pub(crate) mod sandbox;
pub mod stage;
