//! Quality gates.

use serde::Serialize;

use super::super::name::GateName;

/// A command that must end with exit code 0 in a clean export of the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Its name.
    pub name: GateName,
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// How long it may take, seconds.
    pub timeout_s: u32,
}
