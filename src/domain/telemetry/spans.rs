//! An operation as a trace: one span for it, one for each attempt at a step, in the JSON of OTLP 1.

use serde_json::{Value, json};

use super::word;
use crate::domain::{
    digest::Digest,
    operation::{AttemptState, JournalEntry, Operation, OperationState, Phase},
    time::Time,
};

/// The status of a span that ended well, and of one that did not, as OTLP counts them.
const OK: u8 = 1;
const ERROR: u8 = 2;
/// A span within one program.
const INTERNAL: u8 = 1;

/// The body of a request that hands the trace of an operation to a collector.
pub fn trace(operation: &Operation, journal: &[JournalEntry], version: &str) -> Value {
    let trace = operation.id.as_str().trim_start_matches("op_").replace('-', "");
    let root = span_id(&trace);
    let end = operation.finished_at.unwrap_or(operation.started_at);
    let good = matches!(operation.state, OperationState::Succeeded | OperationState::Accepted);
    let mut attributes = vec![
        attribute("deploy_ops.operation.id", operation.id.as_str()),
        attribute("deploy_ops.operation.kind", &word(&operation.kind)),
        attribute("deploy_ops.operation.state", &word(&operation.state)),
        attribute("deployment.environment.name", operation.environment.as_str()),
    ];
    attributes.extend(operation.service.as_ref().map(|service| attribute("deploy_ops.service", service.as_str())));
    attributes.extend(operation.verdict.as_ref().map(|v| attribute("deploy_ops.verdict", &word(&v.judgement))));
    let whole = json!({
        "traceId": trace,
        "spanId": root,
        "name": word(&operation.kind),
        "kind": INTERNAL,
        "startTimeUnixNano": nanos(operation.started_at),
        "endTimeUnixNano": nanos(end),
        "attributes": attributes,
        "status": { "code": if good { OK } else { ERROR } },
    });
    let steps = journal.iter().map(|entry| {
        let phase = word(&entry.phase);
        let code = if entry.state == AttemptState::Done { OK } else { ERROR };
        json!({
            "traceId": trace,
            "spanId": span_id(&format!("{trace}/{phase}/{}/{}", entry.index, entry.attempt)),
            "parentSpanId": root,
            "name": if entry.phase == Phase::Undo { format!("undo {}", entry.step) } else { entry.step.clone() },
            "kind": INTERNAL,
            "startTimeUnixNano": nanos(entry.intended_at),
            "endTimeUnixNano": nanos(entry.ended_at.unwrap_or(end)),
            "attributes": [
                attribute("deploy_ops.step.phase", &phase),
                attribute("deploy_ops.step.state", &word(&entry.state)),
                json!({ "key": "deploy_ops.step.index", "value": { "intValue": entry.index.to_string() } }),
                json!({ "key": "deploy_ops.step.attempt", "value": { "intValue": entry.attempt.to_string() } }),
            ],
            "status": { "code": code },
        })
    });
    let spans: Vec<Value> = std::iter::once(whole).chain(steps).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.name", "deploy-ops"), attribute("service.version", version)] },
        "scopeSpans": [{ "scope": { "name": "deploy-ops", "version": version }, "spans": spans }],
    }] })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Eight bytes that are always the same for the same thing: told again, it is the same span.
fn span_id(of: &str) -> String {
    let mut id = Digest::of_domain("deployops/span/v1", of.as_bytes()).to_string();
    id.truncate(16);
    id
}

fn nanos(time: Time) -> String {
    format!("{}000000", time.as_millis())
}
