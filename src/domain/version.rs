//! Versions of a service: what a human names, and what git says it is.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::InvalidName;

/// A version as a human names it: a git tag, or a full commit id.
///
/// The accepted texts are a subset of what `git check-ref-format` allows (no leading dash, no `..`, no `@{`, no
/// control characters), so that a version can never be read as an option or as a revision expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Version(String);

impl Version {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Whether this is a full commit id rather than a tag.
    pub fn is_commit(&self) -> bool {
        self.0.len() == 40 && self.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

impl FromStr for Version {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = (1..=128).contains(&text.len())
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b'+'))
            && !text.contains("..")
            && !text.contains("//")
            && !text.ends_with(['/', '.'])
            && text.rsplit_once('.').is_none_or(|(_, extension)| !extension.eq_ignore_ascii_case("lock"));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName {
                kind: "version",
                rule: "use a git tag such as v2025.01.15 or a full commit id: 1 to 128 of letters, digits, '.', '-', '_', '/', '+', beginning with a letter or digit",
            })
        }
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What git says a version is. Tags move; the commit and the tree do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revision {
    /// The version as it was asked for.
    pub version: Version,
    /// The commit it resolves to.
    pub commit: String,
    /// The tree of that commit.
    pub tree: String,
    /// The tag object, when the tag is annotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_object: Option<String>,
}
