//! What is told to the systems that watch servers. Nothing that anybody deploys is changed by it, so it needs no permit.

use std::{fs, time::Duration};

use serde_json::Value;

use super::{World, WorldError, blocking::blocking, tree};
use crate::{domain::refusal::Code, redact::Redacted};

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl World {
    /// Hands a trace to the collector of the inventory. Without one nothing is sent.
    pub async fn send_trace(&self, trace: &Redacted<Value>) -> Result<(), WorldError> {
        let telemetry = &self.inventory.telemetry;
        let Some(url) = &telemetry.traces else { return Ok(()) };
        let failed = |problem: String| {
            WorldError::new(
                Code::WorldFailed,
                "hand a trace to the collector",
                problem,
                "Check that the collector takes OTLP as JSON over HTTP at telemetry.traces.",
            )
        };
        let mut request = self.http.client()?.post(url.clone()).timeout(PATIENCE);
        if let Some(name) = &telemetry.token {
            request = request.bearer_auth(self.reader().secret_value(name).await?.expose());
        }
        let request = request.header("content-type", "application/json").body(trace.to_json());
        let answer = request
            .send()
            .await
            .map_err(|error| failed("it does not answer".to_owned()).because(error.without_url()))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(failed(format!("it answered with HTTP {}", answer.status().as_u16())))
    }

    /// Writes the metrics to the file of the inventory, whole or not at all. Without one nothing is written.
    pub async fn write_metrics(&self, text: &Redacted<String>) -> Result<(), WorldError> {
        let Some(path) = self.inventory.telemetry.metrics_file.clone() else { return Ok(()) };
        let text = text.to_string();
        blocking(move || {
            let failed = |error| WorldError::io("write the metrics", error);
            // Not the ending that collectors look for.
            let partial = path.with_extension("prom.partial");
            fs::write(&partial, text).map_err(failed)?;
            fs::rename(&partial, &path).map_err(failed)?;
            path.parent().map_or(Ok(()), tree::sync_directory)
        })
        .await
    }
}
