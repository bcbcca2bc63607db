//! Which snapshots may go. Pure.

use std::collections::BTreeSet;

use crate::domain::{
    operation::OperationId,
    snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
};

/// No database is left with fewer snapshots.
pub(crate) const KEEP_AT_LEAST: usize = 3;
/// How long a pruned snapshot can still be taken back from its directory, seconds.
pub(crate) const TOMBSTONE_S: i64 = 48 * 60 * 60;

/// What still needs snapshots.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Operations that have not ended, and those that brought what is live.
    pub(crate) operations: BTreeSet<OperationId>,
    /// Snapshots that a way back names: of live releases, of running operations, of plans that may still be executed.
    pub(crate) snapshots: BTreeSet<SnapshotId>,
}

/// Why a snapshot stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The newest one that is proven by a restore.
    NewestVerified,
    /// A running operation or the live release's way back needs it.
    Needed,
    /// Among the newest that are kept in any case.
    Recent,
}

impl Kept {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NewestVerified => "the newest verified one",
            Self::Needed => "needed by a running operation or by a way back",
            Self::Recent => "among the newest",
        }
    }
}

/// Each snapshot of one database, newest first, with the reason why it stays; without one it may go.
pub(crate) fn prunable<'a>(
    snapshots: &'a [SnapshotManifest],
    needs: &Needs,
    keep: usize,
) -> Vec<(&'a SnapshotManifest, Option<Kept>)> {
    let mut newest_first: Vec<&SnapshotManifest> = snapshots.iter().collect();
    newest_first.sort_by(|a, b| b.taken_at.cmp(&a.taken_at).then_with(|| b.id.cmp(&a.id)));
    let newest_verified = newest_first.iter().find(|one| one.level == SnapshotLevel::Verified).map(|one| &one.id);
    let decide = |index: usize, one: &SnapshotManifest| {
        if Some(&one.id) == newest_verified {
            Some(Kept::NewestVerified)
        } else if needs.snapshots.contains(&one.id) || needs.operations.contains(&one.operation) {
            Some(Kept::Needed)
        } else if index < keep.max(KEEP_AT_LEAST) {
            Some(Kept::Recent)
        } else {
            None
        }
    };
    newest_first.iter().enumerate().map(|(index, one)| (*one, decide(index, one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{digest::Digest, snapshot::SnapshotFormat, time::Time};

    /// Snapshots taken one minute apart; `v` is verified, `d` only dumped. The last letter is the newest.
    fn snapshots(levels: &str) -> Vec<SnapshotManifest> {
        let database = "crm".parse().unwrap();
        levels
            .chars()
            .zip(0u32..)
            .map(|(level, number)| {
                let taken_at = Time::from_millis(i64::from(number) * 60_000);
                SnapshotManifest {
                    id: SnapshotId::new(&database, taken_at, number),
                    database: database.clone(),
                    engine: "sqlite".to_owned(),
                    format: SnapshotFormat::Sqlite,
                    tool: "sqlite 3.51.3".to_owned(),
                    encrypted: false,
                    identity: "x".to_owned(),
                    operation: operation(number),
                    taken_at,
                    duration_ms: 1,
                    database_bytes: 1,
                    data_bytes: 1,
                    stored_bytes: 1,
                    digest: Digest::of(b""),
                    migration_head: None,
                    schema: Digest::of(b""),
                    rows: std::collections::BTreeMap::new(),
                    contents: std::collections::BTreeMap::new(),
                    level: if level == 'v' { SnapshotLevel::Verified } else { SnapshotLevel::Dumped },
                }
            })
            .collect()
    }

    fn operation(number: u32) -> OperationId {
        OperationId::from_uuid(uuid::Uuid::from_u128(u128::from(number)))
    }

    /// One letter a snapshot, oldest first: V newest verified, N needed, R recent, - may go.
    fn check(levels: &str, needs: &Needs, keep: usize, wanted: &str) {
        let all = snapshots(levels);
        let mut decided = prunable(&all, needs, keep);
        decided.reverse();
        let letters: String = decided
            .iter()
            .map(|(_, kept)| match kept {
                Some(Kept::NewestVerified) => 'V',
                Some(Kept::Needed) => 'N',
                Some(Kept::Recent) => 'R',
                None => '-',
            })
            .collect();
        assert_eq!(letters, wanted, "{levels}");
    }

    #[test]
    fn the_newest_verified_one_never_goes() {
        let none = Needs::default();
        check("vvvvv", &none, 3, "--RRV");
        check("vdddd", &none, 3, "V-RRR");
        check("ddddd", &none, 3, "--RRR");
        check("", &none, 3, "");
    }

    #[test]
    fn at_least_three_stay_whatever_is_asked() {
        check("vvvvv", &Needs::default(), 0, "--RRV");
        check("vvv", &Needs::default(), 0, "RRV");
        check("vvvvv", &Needs::default(), 4, "-RRRV");
    }

    #[test]
    fn what_is_needed_stays() {
        let by_operation = Needs { operations: [operation(0)].into(), ..Needs::default() };
        check("vvvvv", &by_operation, 3, "N-RRV");
        let id = snapshots("vvvvv").swap_remove(1).id;
        let by_name = Needs { snapshots: [id].into(), ..Needs::default() };
        check("vvvvv", &by_name, 3, "-NRRV");
    }

    #[test]
    fn the_order_of_the_input_does_not_matter() {
        let mut all = snapshots("vdvdvd");
        let ids = |all: &[SnapshotManifest]| -> Vec<(SnapshotId, Option<Kept>)> {
            prunable(all, &Needs::default(), 3).into_iter().map(|(one, kept)| (one.id.clone(), kept)).collect()
        };
        let before = ids(&all);
        all.reverse();
        assert_eq!(ids(&all), before);
    }
}
