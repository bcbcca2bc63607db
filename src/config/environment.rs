//! The variables of our own process: the only place that reads them.

#![allow(clippy::disallowed_methods, reason = "the one home of environment variables")]

use std::fmt;

/// The value of a variable. It may be a secret, so it does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable(String);

impl Variable {
    /// The text, for whoever knows what it is.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variable(…)")
    }
}

/// The value of a variable. One that is not set, empty or not UTF-8 is `None`; the error of the standard library would
/// quote the value.
pub fn variable(name: &str) -> Option<Variable> {
    let text = std::env::var(name).ok()?;
    (!text.is_empty()).then_some(Variable(text))
}
