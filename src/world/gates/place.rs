//! The place that a commit is to go to: room, snapshots of its databases, and the notice that users got.

use super::{
    super::{Reader, WorldError},
    Aim, Judged, Unseen,
};
use crate::domain::{
    announcement::Announcement,
    evidence::Outcome,
    inventory::NoticeGate,
    name::DatabaseName,
    snapshot::SnapshotLevel,
    space::{Room, Space},
    time::Time,
};

/// How far ahead of our clock a snapshot may say that it was taken, seconds.
const CLOCKS_S: i64 = 60;

/// A database: how old its newest verified snapshot may be (s), and when that was taken.
type Kept<'a> = (&'a DatabaseName, u32, Option<Time>);

impl Reader<'_> {
    /// How much room the host has.
    pub(super) async fn space_of(&self, aim: Aim<'_>) -> Result<Judged, Unseen> {
        Ok(judge_space(&self.space(aim.target).await?))
    }

    /// How old the newest verified snapshots are, as they lie on disk.
    pub(super) fn snapshots_of(self, aim: Aim<'_>) -> Result<Judged, Unseen> {
        let found = self.snapshots_on_disk(None)?;
        let mut kept = Vec::new();
        for name in &aim.target.databases {
            let oldest = self.inventory().databases.get(name).map_or(0, |database| database.snapshot_max_age_s);
            let newest = found
                .iter()
                .find(|manifest| manifest.database == *name && manifest.level == SnapshotLevel::Verified)
                .map(|manifest| manifest.taken_at);
            kept.push((name, oldest, newest));
        }
        Ok(judge_snapshots(&kept, self.now()))
    }

    /// Whether users were told.
    pub(super) fn notice_of(self, aim: Aim<'_>, gate: &NoticeGate) -> Result<Judged, Unseen> {
        let doing = || format!("read the notice for {}", aim.environment);
        let notice = match std::fs::read(self.world.paths.notice(aim.environment)) {
            Ok(text) => Some(
                serde_json::from_slice(&text)
                    .map_err(|_| Unseen(format!("could not {}: it is no record of a notice", doing())))?,
            ),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(WorldError::io(doing(), error).into()),
        };
        Ok(judge_notice(gate, notice.as_ref(), self.now()))
    }
}

fn judge_space(space: &Space) -> Judged {
    let mut judged = match space.room().0 {
        Room::Enough => Judged::new(Outcome::Pass, ""),
        Room::Little => Judged::fail("little room is left on the host, or of the login's quota there"),
        Room::Full => Judged::fail("no room is left on the host, or of the login's quota there"),
    };
    judged.counters.push(("free_mib", usize::try_from(space.free_bytes / (1024 * 1024)).unwrap_or(usize::MAX)));
    judged
}

fn judge_snapshots(kept: &[Kept<'_>], now: Time) -> Judged {
    let names = |wanted: &dyn Fn(u32, Option<Time>) -> bool| {
        let names = kept.iter().filter(|(_, oldest, taken)| wanted(*oldest, *taken)).map(|(name, ..)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let ahead = |taken: Time| taken > now.plus_s(CLOCKS_S);
    let missing = names(&|_, taken| taken.is_none());
    let old = names(&|oldest, taken| {
        taken.is_some_and(|taken| !ahead(taken) && now.seconds_since(taken) > u64::from(oldest))
    });
    let unclear = names(&|_, taken| taken.is_some_and(ahead));
    let parts =
        [("no verified snapshot", &missing), ("too old a snapshot", &old), ("a snapshot from the future", &unclear)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty()).map(|(what, names)| format!("{what} of {names}"));
    Judged {
        counters: vec![("databases", kept.len())],
        ..Judged::new(
            match () {
                () if !missing.is_empty() || !old.is_empty() => Outcome::Fail,
                () if !unclear.is_empty() => Outcome::Inconclusive,
                () => Outcome::Pass,
            },
            parts.collect::<Vec<_>>().join("; "),
        )
    }
}

fn judge_notice(gate: &NoticeGate, notice: Option<&Announcement>, now: Time) -> Judged {
    match notice.map(|notice| notice.lacks(gate.lead_min, now)) {
        None => Judged::fail("no notice of a window was recorded"),
        Some(Some(why)) => Judged::fail(why),
        Some(None) => Judged::new(Outcome::Pass, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_snapshots_and_notice_are_told_apart() {
        let space = |free_bytes| Space { free_bytes, total_bytes: u64::MAX, ..Space::default() };
        let mib = 1024 * 1024;
        for (free, outcome) in [(10_000 * mib, Outcome::Pass), (100 * mib, Outcome::Fail), (mib, Outcome::Fail)] {
            assert_eq!(judge_space(&space(free)).outcome, outcome, "{free}");
        }
        // What a plan is bound to does not change by itself.
        assert_eq!(judge_space(&space(100 * mib)).why, judge_space(&space(99 * mib)).why);

        let now = Time::from_millis(0).plus_s(100_000);
        let (shop, forum): (DatabaseName, DatabaseName) = ("shop".parse().unwrap(), "forum".parse().unwrap());
        let taken = |ago: i64| Some(now.plus_s(-ago));
        for (kept, outcome, why) in [
            (vec![], Outcome::Pass, ""),
            (vec![(&shop, 3600, taken(3600)), (&forum, 60, taken(0))], Outcome::Pass, ""),
            (
                vec![(&shop, 3600, taken(3601)), (&forum, 60, None)],
                Outcome::Fail,
                "no verified snapshot of forum; too old a snapshot of shop",
            ),
            (vec![(&shop, 3600, taken(-61))], Outcome::Inconclusive, "a snapshot from the future of shop"),
        ] {
            let judged = judge_snapshots(&kept, now);
            assert_eq!((judged.outcome, judged.why.as_str()), (outcome, why));
        }

        let notice = Announcement { sent_at: now, from: now, until: now.plus_s(60) };
        let gate = |lead_min| NoticeGate { lead_min };
        assert_eq!(judge_notice(&gate(0), Some(&notice), now).outcome, Outcome::Pass);
        assert_eq!(judge_notice(&gate(1), Some(&notice), now).outcome, Outcome::Fail);
        assert_eq!(judge_notice(&gate(0), None, now).outcome, Outcome::Fail);
    }
}
