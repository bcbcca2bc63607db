//! Where our own files live.

use std::path::PathBuf;

use crate::domain::{
    digest::Digest,
    name::{EnvironmentName, HostName, ServiceName},
    operation::OperationId,
};

/// The directories below the data directory. All are private to their owner (mode 0700).
#[derive(Debug, Clone)]
pub struct Paths {
    /// The data directory.
    pub data: PathBuf,
    /// Where reports are written, usually `quality-reports`.
    pub reports: PathBuf,
}

impl Paths {
    /// Snapshots and their manifests.
    pub fn snapshots(&self) -> PathBuf {
        self.data.join("snapshots")
    }
    /// Retained artifacts, by digest.
    pub fn artifact(&self, digest: &Digest) -> PathBuf {
        self.data.join("artifacts").join(digest.to_string())
    }
    /// What runs of end-to-end tests left behind, each by the digest of its record.
    pub fn e2e(&self) -> PathBuf {
        self.data.join("e2e")
    }
    /// The directory of one operation: exports, scripts, outputs.
    pub fn operation(&self, id: &OperationId) -> PathBuf {
        self.data.join("operations").join(id.as_str())
    }
    /// Pictures of pages that the operator accepted.
    pub fn baselines(&self) -> PathBuf {
        self.data.join("baselines")
    }
    /// What Lighthouse reported, each by its digest.
    pub fn lighthouse(&self) -> PathBuf {
        self.data.join("lighthouse")
    }
    /// What was seen of pages, each look by the digest of its record.
    pub fn looks(&self) -> PathBuf {
        self.data.join("looks")
    }
    /// What was last seen of hosts.
    pub fn hosts(&self) -> PathBuf {
        self.data.join("hosts")
    }
    /// What was last seen of one host.
    pub fn host(&self, name: &HostName) -> PathBuf {
        self.hosts().join(format!("{name}.json"))
    }
    /// The last notice of a window in an environment.
    pub fn notice(&self, environment: &EnvironmentName) -> PathBuf {
        self.data.join("notices").join(format!("{environment}.json"))
    }
    /// What was fetched from the remote of a service.
    pub fn mirror(&self, service: &ServiceName) -> PathBuf {
        self.data.join("mirrors").join(format!("{service}.git"))
    }
    /// Work that is thrown away.
    pub fn scratch(&self) -> PathBuf {
        self.data.join("scratch")
    }
    /// The file whose existence stops all changes; its text is the reason.
    pub fn halt_file(&self) -> PathBuf {
        self.data.join("HALT")
    }
}
