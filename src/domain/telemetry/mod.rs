//! What operations look like to the systems that watch servers: numbers for Prometheus, traces for OpenTelemetry. Labels and attributes
//! are names of the inventory and words of our own; nothing that others wrote, and no version that a caller asked for, is among them.

pub mod spans;
pub mod tally;

/// The serialised word of an enumeration.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.as_ref().and_then(|value| value.as_str()).unwrap_or("unknown").to_lowercase()
}
