//! What is owed and when, without reading anything.

use std::time::Duration;

use serde_json::Value;

use crate::{domain::operation::OperationState, ledger::Telling};

/// After this many refusals of one operation's last words nobody tries any more.
const REFUSALS: u64 = 5;

/// What is to be told of an operation besides how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing.
    None,
    /// It went wrong: there has to be an incident.
    Bad,
    /// It went well: incidents of the service are over.
    Good,
}

/// What the state of an operation means for incidents.
pub(super) fn news(state: OperationState) -> News {
    match state {
        OperationState::Failed
        | OperationState::RolledBack
        | OperationState::RollbackFailed
        | OperationState::Indeterminate => News::Bad,
        OperationState::Succeeded | OperationState::Accepted => News::Good,
        OperationState::Running
        | OperationState::AwaitingDecision
        | OperationState::RollingBack
        | OperationState::Cancelled => News::None,
    }
}

/// How long an operation is left alone that was refused that many times: 1 min, 5 min, 25 min, …
pub(super) fn rest_after_refusal(times: u64) -> Duration {
    let exponent = u32::try_from(times.saturating_sub(1)).unwrap_or(REST).min(REST);
    Duration::from_secs(60 * 5_u64.pow(exponent))
}

/// The exponent of the longest rest.
const REST: u32 = 4;

/// Whether so many refusals are enough.
pub(super) fn is_hopeless(times: u64) -> bool {
    times >= REFUSALS
}

/// How often the last words were refused, as the last entry says.
pub(super) fn refusals(last: &Value) -> u64 {
    last.get("refusals").and_then(Value::as_u64).unwrap_or(0)
}

/// How far GitHub was told, in a sentence.
pub(super) fn in_words(telling: Telling, last: &Value) -> String {
    let why = last.get("why").and_then(Value::as_str).unwrap_or_default();
    match telling {
        Telling::Told => "told".to_owned(),
        Telling::Owed => "not told yet".to_owned(),
        Telling::Said if why.is_empty() => "told so far".to_owned(),
        Telling::Said => match refusals(last) {
            0 => format!("not told yet: {why}"),
            1 => format!("refused once: {why}"),
            times => format!("refused {times} times: {why}"),
        },
        Telling::GivenUp => format!("given up: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rests_grow_and_end() {
        let refused: Vec<u64> = [1, 2, 5, 99].map(|times| rest_after_refusal(times).as_secs()).to_vec();
        assert_eq!(refused, [60, 300, 37_500, 37_500]);
        assert!(!is_hopeless(4) && is_hopeless(5));
    }

    #[test]
    fn what_was_told_is_said_in_words() {
        let why = json!({ "why": "comment: no", "refusals": 2 });
        assert_eq!(in_words(Telling::Owed, &json!({})), "not told yet");
        assert_eq!(in_words(Telling::Said, &json!({})), "told so far");
        assert_eq!(in_words(Telling::Said, &json!({ "why": "comment: no" })), "not told yet: comment: no");
        assert_eq!(in_words(Telling::Said, &why), "refused 2 times: comment: no");
        assert_eq!(in_words(Telling::GivenUp, &why), "given up: comment: no");
        assert_eq!(in_words(Telling::Told, &json!({})), "told");
        assert_eq!((refusals(&why), refusals(&json!({}))), (2, 0));
    }
}
