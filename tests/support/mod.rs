//! What the tests share: a sandbox with an engine, and a human who approves.

pub mod stage;
