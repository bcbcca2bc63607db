//! A secret the server holds, and the values too weak to be searched for.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::strength::{Strength, strength};

/// A secret value with the name the operator knows it by.
///
/// The value leaves only through [`Secret::expose`]; `Debug` shows the name alone and nothing serialises it.
#[derive(Clone)]
pub struct Secret {
    name: String,
    value: SecretString,
}

impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: SecretString::from(value.into()) }
    }

    /// The name of the secret, for instance the environment variable it was read from. Not secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value itself. Call this only where it is handed to the system it is for.
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    /// Whether the value can be masked by its text alone, and if not well, why.
    pub fn weakness(&self) -> Option<Weakness> {
        match strength(self.expose().trim().as_bytes()) {
            Strength::Strong => None,
            Strength::Guessable => Some(Weakness::Guessable),
            Strength::Short => Some(Weakness::Short),
            Strength::Common => Some(Weakness::Common),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A warning for the operator: the secret of this name is weak. Never carries the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {name}: {weakness}")]
pub struct WeakSecret {
    pub name: String,
    pub weakness: Weakness,
}

/// Why a value is weak, and what that means for its masking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Masked wherever it occurs whole; fragments of it are not.
    #[error("fewer than 64 bits, so a mask could confirm a guess; use a longer random value")]
    Guessable,
    /// Not searched for: masked only where a key name says that it is a secret.
    #[error("shorter than 8 bytes, masked only beside a key name; use a longer random value")]
    Short,
    /// Not searched for: masking it everywhere would blank ordinary text.
    #[error("a common word or number, masked only beside a key name; use a longer random value")]
    Common,
}

impl Weakness {
    /// Whether occurrences of the value are masked by their text.
    pub fn is_masked_by_text(self) -> bool {
        matches!(self, Self::Guessable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let secret = Secret::new("DB_PASSWORD", "kV9$wq-27LmZx!pR");
        assert_eq!(format!("{secret:?}"), "Secret { name: \"DB_PASSWORD\", .. }");
    }

    #[test]
    fn weak_values_are_told_apart() {
        let weakness = |value: &str| Secret::new("X", value).weakness();
        assert_eq!(weakness("kV9$wq-27LmZx!pR"), None);
        assert_eq!(weakness("kV9$wq-2"), Some(Weakness::Guessable));
        assert_eq!(weakness("kV9$wq"), Some(Weakness::Short));
        assert_eq!(weakness("Password123!"), Some(Weakness::Common));
        assert_eq!(weakness("production"), Some(Weakness::Common));
        assert_eq!(weakness("1234567890"), Some(Weakness::Common));
    }
}
