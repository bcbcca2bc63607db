//! Directories that may be read.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{super::name::HostName, path::RelativePath};
use crate::domain::name::RootName;

/// A directory below which files may be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Root {
    /// The host that it is on; none for the machine that this server runs on.
    pub host: Option<HostName>,
    /// Where it is there; absolute.
    pub path: PathBuf,
}

impl Root {
    /// A directory of the machine that this server runs on.
    pub fn here(path: impl AsRef<Path>) -> Self {
        Self { host: None, path: path.as_ref().to_owned() }
    }

    /// A directory of a host of the inventory.
    pub fn on(host: &HostName, path: impl AsRef<Path>) -> Self {
        Self { host: Some(host.clone()), path: path.as_ref().to_owned() }
    }
}

/// Where logs of a service are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPlace {
    /// The root.
    pub root: RootName,
    /// The log below it, with its rotated parts; none for every log directly in the root.
    pub path: Option<RelativePath>,
}
