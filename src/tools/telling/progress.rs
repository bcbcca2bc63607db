//! How far an operation is, step by step; at its end, how it went.

use std::fmt::Write;

use super::{code, metrics, subject, table, word};
use crate::domain::{
    operation::{AttemptState, JournalEntry, Operation, Phase},
    step::Step,
};

pub(in crate::tools) fn text(operation: &Operation, steps: &[Step], journal: &[JournalEntry]) -> String {
    let mut out = if operation.state.is_terminal() { metrics::text(operation, None) } else { head(operation) };
    let rows: Vec<[String; 3]> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let last =
                |phase| journal.iter().rfind(|entry| entry.phase == phase && usize::try_from(entry.index) == Ok(index));
            let (done, undone) = (last(Phase::Do), last(Phase::Undo));
            [code(&step.summary()), standing(done, undone), code(&undone.or(done).map_or_else(String::new, took))]
        })
        .collect();
    table(&mut out, ["step", "state", "took"], &rows);
    out
}

fn head(operation: &Operation) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(out, "### {}: {}\n", subject(operation), word(operation.state));
    let _ = writeln!(out, "{}", code(&operation.summary));
    let rows = [
        ("operation", operation.id.to_string()),
        ("requester", operation.requester.to_string()),
        ("began", operation.started_at.to_string()),
        ("a human decides until", operation.decide_by.map_or_else(String::new, |at| at.to_string())),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    table(&mut out, ["", ""], &rows.map(|(name, value)| [name.to_owned(), code(&value)]).collect::<Vec<_>>());
    out
}

fn standing(done: Option<&JournalEntry>, undone: Option<&JournalEntry>) -> String {
    match (done.map(|entry| entry.state), undone.map(|entry| entry.state)) {
        (_, Some(AttemptState::Done)) => "taken back".to_owned(),
        (_, Some(AttemptState::Intended)) => "is being taken back".to_owned(),
        (_, Some(state)) => format!("taking it back: {}", word(state)),
        (Some(AttemptState::Intended), None) => "running".to_owned(),
        (Some(state), None) => word(state),
        (None, None) => String::new(),
    }
}

fn took(entry: &JournalEntry) -> String {
    entry.ended_at.map_or_else(String::new, |end| format!("{} ms", end.millis_since(entry.intended_at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn a_step_stands_where_its_last_attempt_does() {
        let entry = |phase, state| JournalEntry {
            operation: "op_01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            phase,
            index: 0,
            step: String::new(),
            summary: String::new(),
            attempt: 1,
            state,
            intended_at: Time::from_millis(1000),
            ended_at: (state != AttemptState::Intended).then(|| Time::from_millis(1250)),
            outcome: String::new(),
        };
        use AttemptState::{Done, Failed, Intended};
        let cases = [
            (None, None, ""),
            (Some(Intended), None, "running"),
            (Some(Done), None, "done"),
            (Some(Failed), None, "failed"),
            (Some(Done), Some(Intended), "is being taken back"),
            (Some(Failed), Some(Done), "taken back"),
            (Some(Done), Some(Failed), "taking it back: failed"),
        ];
        for (done, undone, said) in cases {
            let (done, undone) = (done.map(|s| entry(Phase::Do, s)), undone.map(|s| entry(Phase::Undo, s)));
            assert_eq!(standing(done.as_ref(), undone.as_ref()), said);
        }
        assert_eq!(took(&entry(Phase::Do, Done)), "250 ms");
        assert_eq!(took(&entry(Phase::Do, Intended)), "");
    }
}
