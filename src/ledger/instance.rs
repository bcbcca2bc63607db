//! Which server process wrote something.

use std::fmt;

/// One server process, written so that a process id that is used again, or that of another machine, is another instance.
///
/// The ledger only stores and compares it; whoever made the text knows how to ask whether that process is still alive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instance(String);

impl Instance {
    /// The instance with that text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
