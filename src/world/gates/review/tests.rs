//! What counts as an approval, and what stands against it.

use super::*;
use crate::world::github::pulls::{Base, BaseRepository, Head};

const HEAD: &str = "head";

#[expect(clippy::unnecessary_wraps, reason = "GitHub may leave it out")]
fn account(login: &str) -> Option<Account> {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    Some(Account { login: Some(login.to_owned()), kind: Some(kind.to_owned()) })
}

fn pull(number: u64, merged: bool, base: &str, merge_commit: &str) -> Pull {
    Pull {
        number,
        user: account("Ada"),
        merged_at: merged.then(|| Time::from_millis(1)),
        merge_commit_sha: Some(merge_commit.to_owned()),
        head: Head { sha: HEAD.to_owned() },
        base: Base { branch: base.to_owned(), sha: "base".to_owned(), repo: BaseRepository { id: 1 } },
        commits: Some(1),
        changed_files: Some(1),
    }
}

/// `login STATE`, in the order in which they were given; `login STATE old` looked at an older head.
fn reviews(said: &[&str]) -> Vec<Review> {
    let review = |(at, text): (usize, &&str)| {
        let words: Vec<&str> = text.split(' ').collect();
        Review {
            id: u64::try_from(at).unwrap(),
            user: account(words[0]),
            state: words[1].to_owned(),
            commit_id: Some(if words.len() > 2 { "older" } else { HEAD }.to_owned()),
            submitted_at: Some(Time::from_millis(i64::try_from(at).unwrap())),
        }
    };
    said.iter().enumerate().map(review).collect()
}

fn commits(authors: &[&str]) -> Vec<PullCommit> {
    authors.iter().map(|login| PullCommit { author: account(login), committer: account("web-flow") }).collect()
}

fn judged(approvals: u32, said: &[&str], authors: &[&str], ownership: Option<Ownership>) -> Judged {
    let gate = ReviewGate { approvals, code_owners: ownership.is_some() };
    let writers = ["bob", "eve", "ada", "mia", "ci[bot]"].map(str::to_owned).into();
    let (pull, reviews, commits) = (pull(7, true, "main", "merge"), reviews(said), commits(authors));
    judge(&gate, &Reviewed { pull: &pull, reviews: &reviews, commits: &commits, writers: &writers, ownership })
}

#[track_caller]
fn check(said: &[&str], outcome: Outcome, why: &str) {
    let judged = judged(1, said, &["mia"], None);
    assert_eq!(judged.outcome, outcome, "{said:?} {judged:?}");
    assert!(judged.why.contains(why), "{said:?} {judged:?}");
}

#[test]
fn one_approval_of_the_last_state_by_somebody_else_is_enough() {
    check(&["bob APPROVED"], Outcome::Pass, "");
    check(&["Bob APPROVED"], Outcome::Pass, "");
    check(&["bob APPROVED", "bob COMMENTED", "eve COMMENTED", "mia PENDING"], Outcome::Pass, "");
    check(&["bob CHANGES_REQUESTED", "bob APPROVED"], Outcome::Pass, "");
    check(&["eve CHANGES_REQUESTED", "eve DISMISSED", "bob APPROVED"], Outcome::Fail, "1 want changes");
    check(&["eve DISMISSED", "bob APPROVED"], Outcome::Pass, "");
}

#[test]
fn what_does_not_count_does_not_count() {
    let none = "pull request 7 has 0 of 1 approvals";
    for said in [
        "ada APPROVED",
        "ADA APPROVED",
        "mia APPROVED",
        "bob APPROVED old",
        "bob DISMISSED",
        "bob COMMENTED",
        "bob PENDING",
        "ci[bot] APPROVED",
        "stranger APPROVED",
        "bob approved",
    ] {
        check(&[said], Outcome::Fail, none);
    }
    check(&[], Outcome::Fail, none);
    check(&["bob APPROVED", "bob DISMISSED"], Outcome::Fail, none);
    let judged = judged(2, &["bob APPROVED", "bob APPROVED"], &["mia"], None);
    assert_eq!(
        (judged.outcome, judged.why.as_str()),
        (Outcome::Fail, "pull request 7 has 1 of 2 approvals that count")
    );
}

#[test]
fn whoever_wants_changes_stops_it_whatever_others_say() {
    let said = "1 want changes";
    check(&["bob APPROVED", "eve CHANGES_REQUESTED"], Outcome::Fail, said);
    check(&["eve CHANGES_REQUESTED old", "bob APPROVED"], Outcome::Fail, said);
    check(&["bob APPROVED", "bob CHANGES_REQUESTED"], Outcome::Fail, said);
    check(&["stranger CHANGES_REQUESTED", "bob APPROVED"], Outcome::Fail, said);
    check(&["bob APPROVED", "eve REJECTED"], Outcome::Inconclusive, "a state that is not known");
}

#[test]
fn what_cannot_be_seen_is_not_green() {
    let said = &["bob APPROVED"];
    assert!(judged(1, said, &[], None).why.contains("more commits than GitHub shows"));
    assert!(judged(1, said, &[""], None).why.contains("belong to no account"));
    let unowned = Ownership { unapproved: vec!["a".to_owned()], unclear: None };
    let found = judged(1, said, &["mia"], Some(unowned));
    assert_eq!((found.outcome, found.details), (Outcome::Fail, vec!["a".to_owned()]));
    let unclear = Ownership { unapproved: vec![], unclear: Some("who is it".to_owned()) };
    let found = judged(1, said, &["mia"], Some(unclear));
    assert_eq!((found.outcome, found.why.as_str()), (Outcome::Inconclusive, "pull request 7: who is it"));
    assert_eq!(judged(1, said, &["mia"], Some(Ownership::default())).outcome, Outcome::Pass);
}

#[test]
fn the_pull_request_is_the_one_that_ends_with_the_commit() {
    let about = About { id: 1, default_branch: "main".to_owned() };
    let merged = pull(1, true, "main", "x");
    let check = |pulls: &[Pull], wanted: Result<u64, &str>| {
        let found = pick(&about, pulls, "x").map(|pull| pull.number).map_err(|judged| judged.why);
        assert!(
            matches!((&found, wanted), (Ok(a), Ok(b)) if *a == b)
                || matches!((&found, wanted), (Err(a), Err(b)) if a.contains(b)),
            "{found:?} {wanted:?}"
        );
    };
    check(&[], Err("no merged pull request"));
    check(std::slice::from_ref(&merged), Ok(1));
    check(&[pull(2, false, "main", "x")], Err("no merged pull request"));
    check(&[pull(2, true, "next", "x")], Err("no merged pull request"));
    check(&[pull(2, true, "main", "y")], Err("from the middle"));
    check(&[pull(2, true, "main", "y"), merged.clone(), pull(3, false, "main", "x")], Ok(1));
    check(&[merged.clone(), pull(2, true, "main", "x")], Err("several"));
    let elsewhere = Base { repo: BaseRepository { id: 9 }, ..merged.base.clone() };
    check(&[Pull { base: elsewhere, ..merged }], Err("no merged pull request"));
}
