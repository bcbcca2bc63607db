//! Names that an operator gives to things in the inventory, parsed once at the edge.
//!
//! A name that parsed is safe as a file name, as an identifier in a message and as a key: it holds no separator, no
//! control character, no leading dash, and is at most 63 bytes of ASCII.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a text is not a name. The text itself is never part of the message: it may be hostile or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct InvalidName {
    /// What was being named, for example `service name`.
    pub kind: &'static str,
    /// The rule that the text breaks, as an instruction.
    pub rule: &'static str,
}

const LOWER: &str = "use 1 to 63 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit";
const UPPER: &str = "use 1 to 128 of A-Z, 0-9 and '_', beginning with a letter or '_'";

fn is_lower_name(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
        && !text.contains("..")
}

fn is_upper_name(text: &str) -> bool {
    text.len() <= 128
        && text.bytes().next().is_some_and(|b| b.is_ascii_uppercase() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:ident, $rule:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as it is written in the inventory.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName { kind: $kind, rule: $rule }) }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A service that is deployed, for example `crm`.
    ServiceName, "service name", is_lower_name, LOWER);
name!(
    /// Where a service runs, for example `production`.
    EnvironmentName, "environment name", is_lower_name, LOWER);
name!(
    /// A machine that services run on.
    HostName, "host name", is_lower_name, LOWER);
name!(
    /// A database of the inventory.
    DatabaseName, "database name", is_lower_name, LOWER);
name!(
    /// A mailbox of the inventory.
    MailboxName, "mailbox name", is_lower_name, LOWER);
name!(
    /// A monitor of the inventory.
    MonitorName, "monitor name", is_lower_name, LOWER);
name!(
    /// A channel that people are told in.
    ChannelName, "channel name", is_lower_name, LOWER);
name!(
    /// A quality gate.
    GateName, "gate name", is_lower_name, LOWER);
name!(
    /// A smoke check of a service.
    CheckName, "check name", is_lower_name, LOWER);
name!(
    /// A page of a service.
    PageName, "page name", is_lower_name, LOWER);
name!(
    /// What a page is shown on, for example `phone`.
    ViewportName, "viewport name", is_lower_name, LOWER);
name!(
    /// A suite of end-to-end tests of a service.
    SuiteName, "suite name", is_lower_name, LOWER);
name!(
    /// A part of a suite, for example `login`.
    FlowName, "flow name", is_lower_name, LOWER);
name!(
    /// A directory below which files may be read.
    RootName, "root name", is_lower_name, LOWER);
name!(
    /// A secret, by the name of the variable that carries it. Never its value.
    SecretName, "secret name", is_upper_name, UPPER);

/// The known names closest to `wanted`, best first, for "did you mean" in a refusal.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let contains = lower.contains(&wanted) || wanted.contains(&lower);
            (strsim::jaro_winkler(&wanted, &lower) + if contains { 0.6 } else { 0.0 }, name)
        })
        .filter(|(score, _)| *score > 0.55)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_could_mean_something_else() {
        for bad in ["", "-crm", "a/b", "a..b", "..", "CRM", "a b", "a\n", "a\0", "café", "--force", &"a".repeat(64)] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad:?}");
        }
        assert!("crm-2.api_x".parse::<ServiceName>().is_ok());
        assert!("CRM_DB_PASSWORD".parse::<SecretName>().is_ok());
        assert!("crm_password".parse::<SecretName>().is_err());
    }

    #[test]
    fn the_nearest_name_comes_first() {
        assert_eq!(nearest("CRM_DB_PASWORD", ["CRM_DB_PASSWORD"]), ["CRM_DB_PASSWORD"]);
        assert_eq!(nearest("crn", ["crm", "games", "forum"]), ["crm"]);
        assert_eq!(nearest("api", ["crm-api", "games"]).first().map(String::as_str), Some("crm-api"));
    }
}
