//! The names that a restore gives to databases. From them alone one can tell how far it got.

use std::collections::BTreeSet;

use super::super::restore::RestoreState;
use crate::domain::{digest::Digest, operation::OperationId};

/// PostgreSQL cuts names after that many bytes.
const LONGEST: usize = 63;
/// `__undone_` and the end of an operation's id.
const SUFFIX: usize = 9 + 12;

/// The names of one operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) live: String,
    /// The snapshot, restored, before it takes its place.
    pub(super) prepared: String,
    /// What was there before.
    pub(super) kept: String,
    /// What was restored, after it was taken back.
    pub(super) undone: String,
}

impl Names {
    pub(super) fn new(live: &str, operation: &OperationId) -> Self {
        let stem = stem(live);
        let operation = operation.as_str().rsplit('-').next().unwrap_or_default();
        Self {
            live: live.to_owned(),
            prepared: format!("{stem}__r_{operation}"),
            kept: format!("{stem}__old_{operation}"),
            undone: format!("{stem}__undone_{operation}"),
        }
    }

    /// The names change in one transaction, so that the kept one tells exactly whether it happened.
    pub(super) fn state(&self, existing: &BTreeSet<String>) -> RestoreState {
        match (existing.contains(&self.kept), existing.contains(&self.undone)) {
            (true, _) => RestoreState::Done,
            (false, true) => RestoreState::TakenBack,
            (false, false) => RestoreState::NotDone,
        }
    }
}

/// The name, or its beginning with a digest when nothing could be added to it.
fn stem(live: &str) -> String {
    if live.len() + SUFFIX <= LONGEST {
        return live.to_owned();
    }
    let digest = Digest::of(live.as_bytes()).short();
    let mut end = LONGEST - SUFFIX - 1 - digest.len();
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{digest}", live.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation() -> OperationId {
        OperationId::from_uuid(uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef))
    }

    #[test]
    fn names_fit_and_differ() {
        assert_eq!(Names::new("crm", &operation()).kept, "crm__old_456789abcdef");
        let (a, b) = ("ä".repeat(31), format!("{}x", "ä".repeat(30)));
        let all: Vec<Names> = [a.as_str(), &b, &"x".repeat(63)].map(|live| Names::new(live, &operation())).into();
        let names: BTreeSet<&String> = all.iter().flat_map(|n| [&n.live, &n.prepared, &n.kept, &n.undone]).collect();
        assert_eq!(names.len(), 12);
        assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
    }

    #[test]
    fn the_names_tell_how_far_it_got() {
        let names = Names::new("crm", &operation());
        let check = |existing: &[&str], wanted| {
            let existing = existing.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(names.state(&existing), wanted, "{existing:?}");
        };
        check(&["crm", "other__old_456789abcdef"], RestoreState::NotDone);
        check(&["crm", &names.prepared], RestoreState::NotDone);
        check(&["crm", &names.kept], RestoreState::Done);
        check(&["crm", &names.undone], RestoreState::TakenBack);
        check(&["crm", &names.kept, &names.undone], RestoreState::Done);
    }
}
