//! Paths below a root, parsed once.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A relative path that cannot leave its root by its text: no `..`, no root, no empty part, no control character.
///
/// A symbolic link below the root may still lead out of it; whoever opens the path must refuse that
/// (`openat2` with `RESOLVE_BENEATH`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RelativePath(String);

/// A text that is not a path below a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a path below the root: use parts separated by '/', without '..', '.', a leading '/', '-', control characters or backslashes"
)]
pub struct InvalidPath;

impl RelativePath {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The path for joining.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
    /// The path below `root`.
    pub fn below(&self, root: &Path) -> PathBuf {
        root.join(&self.0)
    }
    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for RelativePath {
    type Err = InvalidPath;
    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        let ok = (1..=1024).contains(&text.len())
            && !text.starts_with('-')
            && !text.chars().any(|c| c.is_control() || c == '\\')
            && text.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part.len() <= 255)
            && unicode_normalization::is_nfc(text);
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidPath) }
    }
}

impl TryFrom<String> for RelativePath {
    type Error = InvalidPath;
    fn try_from(text: String) -> Result<Self, InvalidPath> {
        text.parse()
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> String {
        path.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_leaves_the_root_parses() {
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "-rf", "a\0b", "a\nb", "a\\..\\b", "..", "."]
        {
            assert!(bad.parse::<RelativePath>().is_err(), "{bad:?}");
        }
        assert_eq!(
            "./deployment-scripts/deploy.sh".parse::<RelativePath>().map(String::from).as_deref(),
            Ok("deployment-scripts/deploy.sh")
        );
    }
}
