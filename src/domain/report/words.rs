//! Values in words for people.

use serde::Serialize;

use super::sheet::Tone;
use crate::domain::{
    clean::clean_line,
    evidence::{Evidence, Outcome},
    operation::{AttemptState, OperationState},
    verdict::Judgement,
};

/// What is said of a number that nobody measured.
pub(super) const UNMEASURED: &str = "not measured";

/// How much of a text is shown, characters; the data has all of it.
const LONGEST: usize = 2000;

/// A text as it is shown: on one line, and not without end.
pub(super) fn line(text: &str) -> String {
    let mut line = clean_line(text);
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// The serialised word of an enumeration, with spaces.
pub(super) fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.as_ref().and_then(|value| value.as_str()).unwrap_or("unknown").to_lowercase().replace('_', " ")
}

/// A span of time.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A share from 0 to 1. It is rounded down: less than all is never shown as all.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

pub(super) fn of_outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Pass => (Tone::Good, "passed"),
        Outcome::Fail => (Tone::Bad, "failed"),
        Outcome::Inconclusive => (Tone::Weak, "inconclusive"),
    }
}

/// The colours that the gates of a deployment have.
pub(super) fn of_gate(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Pass => (Tone::Good, "GREEN"),
        Outcome::Inconclusive => (Tone::Weak, "YELLOW"),
        Outcome::Fail => (Tone::Bad, "RED"),
    }
}

pub(super) fn of_judgement(judgement: Judgement) -> (Tone, &'static str) {
    match judgement {
        Judgement::Success => (Tone::Good, "SUCCESS"),
        Judgement::Degraded => (Tone::Weak, "DEGRADED"),
        Judgement::Inconclusive => (Tone::Weak, "INCONCLUSIVE"),
        Judgement::Failed => (Tone::Bad, "FAILED"),
    }
}

pub(super) fn of_state(state: OperationState) -> Tone {
    match state {
        OperationState::Succeeded => Tone::Good,
        OperationState::Running
        | OperationState::AwaitingDecision
        | OperationState::Accepted
        | OperationState::Cancelled
        | OperationState::Indeterminate => Tone::Weak,
        OperationState::RollingBack
        | OperationState::Failed
        | OperationState::RolledBack
        | OperationState::RollbackFailed => Tone::Bad,
    }
}

pub(super) fn of_attempt(state: AttemptState) -> (Tone, &'static str) {
    match state {
        AttemptState::Intended => (Tone::Weak, "no outcome"),
        AttemptState::Done => (Tone::Good, "done"),
        AttemptState::Failed => (Tone::Bad, "failed"),
        AttemptState::Unknown => (Tone::Weak, "unknown"),
    }
}

/// A counter of an evidence; absent when it was not counted.
pub(super) fn counter(evidence: &Evidence, name: &str) -> Option<u64> {
    evidence.counters.get(name).copied()
}

pub(super) fn counted(evidence: &Evidence, name: &str) -> String {
    counter(evidence, name).map_or_else(|| UNMEASURED.to_owned(), |count| count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_end_is_shown_to_some_point() {
        assert_eq!(line("a\nb"), "a b");
        assert_eq!(line(&"ü".repeat(LONGEST)), "ü".repeat(LONGEST));
        assert_eq!(line(&"ü".repeat(1 << 20)), format!("{}…", "ü".repeat(LONGEST)));
    }

    #[test]
    fn spans_and_shares_are_never_better_than_they_were() {
        for (ms, wanted) in
            [(0, "0 ms"), (999, "999 ms"), (1_999, "1.9 s"), (61_500, "1 min 1 s"), (7_320_000, "2 h 2 min")]
        {
            assert_eq!(span(ms), wanted);
        }
        for (share, wanted) in [(1.0, "100.0 %"), (0.9999, "99.9 %"), (0.0, "0.0 %"), (0.905, "90.5 %")] {
            assert_eq!(percent(share), wanted);
        }
    }
}
