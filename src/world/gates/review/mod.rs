//! The pull request that brought the commit: merged, approved in its last state by people who neither wrote it nor lack the right.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Reader,
        github::{
            Repository,
            pulls::{About, Account, Pull, PullCommit, Review},
        },
    },
    Judged, Unseen,
    owners::Ownership,
};
use crate::domain::{
    evidence::Outcome,
    inventory::{ReviewGate, Service},
    time::Time,
    version::Revision,
};

/// What is known of the pull request.
#[derive(Debug)]
struct Reviewed<'a> {
    pull: &'a Pull,
    reviews: &'a [Review],
    commits: &'a [PullCommit],
    /// Who of the approvers may write to the repository.
    writers: &'a BTreeSet<String>,
    /// Whose the changed paths are, when that counts.
    ownership: Option<Ownership>,
}

impl Reader<'_> {
    /// Asks for the pull request, its reviews, and who its reviewers are.
    pub(super) async fn review_of(
        &self,
        service: &Service,
        gate: &ReviewGate,
        revision: &Revision,
    ) -> Result<Judged, Unseen> {
        let github = self.github(service)?;
        let (about, pulls) = tokio::try_join!(github.about(), github.pulls_with(&revision.commit))?;
        let number = match pick(&about, &pulls, &revision.commit) {
            Ok(pull) => pull.number,
            Err(judged) => return Ok(judged),
        };
        let (pull, reviews, commits) =
            tokio::try_join!(github.pull(number), github.reviews(number), github.pull_commits(number))?;
        let approvers = approvers(&pull, &reviews, &commits);
        let writers = writers(&github, &approvers).await?;
        let ownership = if gate.code_owners {
            Some(self.ownership(service, &github, revision, &pull, &writers).await?)
        } else {
            None
        };
        Ok(judge(gate, &Reviewed { pull: &pull, reviews: &reviews, commits: &commits, writers: &writers, ownership }))
    }
}

async fn writers(github: &Repository<'_>, approvers: &BTreeSet<String>) -> Result<BTreeSet<String>, Unseen> {
    let asked =
        approvers.iter().map(|login| async { Ok::<_, Unseen>((login.clone(), github.may_write(login).await?)) });
    let answers = futures::future::try_join_all(asked).await?;
    Ok(answers.into_iter().filter(|(_, may)| *may).map(|(login, _)| login).collect())
}

/// The pull request whose result the commit is. A commit from its middle is a state that nobody approved.
fn pick<'p>(about: &About, pulls: &'p [Pull], commit: &str) -> Result<&'p Pull, Judged> {
    let into_default = |pull: &&Pull| pull.base.branch == about.default_branch && pull.base.repo.id == about.id;
    let merged: Vec<&Pull> = pulls.iter().filter(into_default).filter(|pull| pull.merged_at.is_some()).collect();
    let of_it = |pull: &&&Pull| pull.merge_commit_sha.as_deref() == Some(commit) || pull.head.sha == commit;
    let results: Vec<&Pull> = merged.iter().filter(of_it).copied().collect();
    match (results.as_slice(), merged.as_slice()) {
        ([pull], _) => Ok(pull),
        ([], []) => Err(Judged::fail("no merged pull request into the default branch brought the commit")),
        ([], _) => Err(Judged::fail("the commit is from the middle of a pull request, a state that nobody approved")),
        _ => Err(Judged::unclear("several merged pull requests end with the commit")),
    }
}

/// The people whose last opinion is an approval of the last state, without whoever wrote any of it.
fn approvers(pull: &Pull, reviews: &[Review], commits: &[PullCommit]) -> BTreeSet<String> {
    let accounts = commits.iter().flat_map(|commit| [&commit.author, &commit.committer]);
    let wrote: BTreeSet<String> = accounts.chain([&pull.user]).flatten().filter_map(Account::key).collect();
    let approves = |review: &&Review| {
        review.state == "APPROVED"
            && review.commit_id.as_deref() == Some(pull.head.sha.as_str())
            && review.user.as_ref().is_some_and(Account::is_person)
    };
    let last = last_opinions(reviews, |state| matches!(state, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED"));
    let approvers = last.into_iter().filter(|(_, review)| approves(review)).map(|(login, _)| login);
    approvers.filter(|login| !wrote.contains(login)).collect()
}

/// How many want changes. A review that was dismissed does not count, and takes nothing back that was said before it.
fn objections(reviews: &[Review]) -> usize {
    let last = last_opinions(reviews, |state| matches!(state, "APPROVED" | "CHANGES_REQUESTED"));
    last.values().filter(|review| review.state == "CHANGES_REQUESTED").count()
}

/// The last review of everybody, of those that count. A comment takes no approval back.
fn last_opinions(reviews: &[Review], counts: impl Fn(&str) -> bool) -> BTreeMap<String, &Review> {
    let order = |review: &Review| (review.submitted_at.map_or(0, Time::as_millis), review.id);
    let mut last: BTreeMap<String, &Review> = BTreeMap::new();
    for review in reviews.iter().filter(|review| counts(&review.state)) {
        // Whoever deleted the account still said it.
        let who = review.user.as_ref().and_then(Account::key).unwrap_or_default();
        let newest = last.entry(who).or_insert(review);
        if order(newest) < order(review) {
            *newest = review;
        }
    }
    last
}

fn judge(gate: &ReviewGate, reviewed: &Reviewed<'_>) -> Judged {
    let Reviewed { pull, reviews, commits, writers, ownership } = reviewed;
    let number = pull.number;
    let approvers = approvers(pull, reviews, commits);
    let approvals = approvers.intersection(writers).count();
    let objections = objections(reviews);
    let unknown_words = reviews.iter().filter(|review| !is_known(&review.state)).count();
    let unowned = ownership.as_ref().map_or(0, |ownership| ownership.unapproved.len());
    let wanted = usize::try_from(gate.approvals).unwrap_or(usize::MAX);
    let unseen_commits = pull.commits.is_none_or(|said| u64::try_from(commits.len()).unwrap_or(0) < said);
    let judged = if objections > 0 {
        Judged::fail(format!("pull request {number}: {objections} want changes"))
    } else if approvals < wanted {
        Judged::fail(format!("pull request {number} has {approvals} of {wanted} approvals that count"))
    } else if unowned > 0 {
        Judged::fail(format!("pull request {number}: no owner approved {unowned} of the changed paths"))
    } else if unknown_words > 0 {
        Judged::unclear(format!("pull request {number}: {unknown_words} reviews are in a state that is not known"))
    } else if unseen_commits {
        Judged::unclear(format!("pull request {number} has more commits than GitHub shows"))
    } else if commits.iter().any(is_of_nobody) {
        Judged::unclear(format!(
            "pull request {number} has commits of addresses that belong to no account, so nobody can tell who wrote them"
        ))
    } else if let Some(problem) = ownership.as_ref().and_then(|ownership| ownership.unclear.as_ref()) {
        Judged::unclear(format!("pull request {number}: {problem}"))
    } else {
        Judged::new(Outcome::Pass, "")
    };
    Judged {
        counters: vec![("approvals", approvals), ("changes_requested", objections), ("reviews", reviews.len())],
        details: ownership.as_ref().map(|ownership| ownership.unapproved.clone()).unwrap_or_default(),
        ..judged
    }
}

fn is_known(state: &str) -> bool {
    matches!(state, "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING")
}

/// Of an address that belongs to no account; commits that are made on GitHub are `web-flow`'s.
fn is_of_nobody(commit: &PullCommit) -> bool {
    [&commit.author, &commit.committer].iter().any(|account| account.as_ref().and_then(Account::key).is_none())
}

#[cfg(test)]
mod tests;
