//! Where numbers and traces go, besides our own ledger.

use std::path::PathBuf;

use serde::Serialize;
use url::Url;

use super::super::name::SecretName;

/// Where numbers and traces go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Telemetry {
    /// The collector that takes traces as OTLP over HTTP, the whole URL.
    pub traces: Option<Url>,
    /// The secret that the collector wants as a bearer token.
    pub token: Option<SecretName>,
    /// The file that gets the metrics as Prometheus text, for a collector of text files.
    pub metrics_file: Option<PathBuf>,
}
