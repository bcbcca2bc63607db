//! The way to an interface of others.

use std::path::PathBuf;

use serde::Serialize;

use super::super::name::HostName;

/// How an interface is reached that does not answer everybody, or whose certificate not everybody trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The host through which it is reached, when it answers only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<HostName>,
    /// The file with the authorities (PEM) of its certificate; without one, those of the system count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}
