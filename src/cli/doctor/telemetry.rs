//! Whether numbers and traces get where they are to go.

use super::Finding;
use crate::{cli::wire, config::Config, redact::Redacted};

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let telemetry = &config.inventory.telemetry;
    if telemetry.traces.is_some() {
        // No spans: whether they are taken is known nevertheless.
        let (redactor, _) = crate::redact::Redactor::new([]);
        let nothing: Redacted<serde_json::Value> = redactor.json(serde_json::json!({ "resourceSpans": [] }));
        findings.push(match wire::world_of(config).send_trace(&nothing).await {
            Ok(()) => Finding::good("telemetry.traces", "the collector takes traces"),
            Err(error) => Finding::weak("telemetry.traces", error.problem, error.fix),
        });
    }
    if let Some(directory) = telemetry.metrics_file.as_ref().and_then(|file| file.parent()) {
        findings.push(if directory.is_dir() {
            Finding::good("telemetry.metrics_file", "its directory is there")
        } else {
            Finding::weak(
                "telemetry.metrics_file",
                "its directory does not exist",
                "create it for this user, or correct the path",
            )
        });
    }
    findings
}
