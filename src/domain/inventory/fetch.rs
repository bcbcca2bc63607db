//! Artifacts that others built: where they are fetched from.

use serde::Serialize;

/// Where the artifact of a release is fetched from, instead of being built here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Fetch {
    /// A file of the release that has the version's tag, on GitHub.
    Release {
        /// Its name; `*` and `?` stand for any text and any character. One file has to fit.
        asset: String,
        /// A file of the same release that says its digest, as `sha256sum` writes it.
        #[serde(skip_serializing_if = "Option::is_none")]
        checksums: Option<String>,
    },
    /// What a run of a workflow for exactly the version's commit left on GitHub.
    Workflow {
        /// The workflow's file in `.github/workflows`.
        workflow: String,
        /// The name that the workflow gave the artifact.
        name: String,
    },
}
