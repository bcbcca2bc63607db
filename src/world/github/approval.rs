//! What reviewers of an environment on GitHub said about a plan: a run of the configured workflow that is named after the plan's digest
//! waits for them. Nothing here starts, approves or rejects a run.

use serde::{Deserialize, Serialize};

use super::{
    super::{Reader, WorldError},
    Listed, Repository,
    error::GitHubError,
    issues::Us,
};
use crate::domain::{
    digest::Digest,
    inventory::{GitHubApproval, Service},
    time::Time,
};

/// What a run is called, before the digest of the plan.
const TITLE: &str = "deploy-ops ";

/// Somebody's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who, in lower case: one of those whom the inventory names, when they approved.
    pub login: String,
    /// Whether they approved; else they rejected.
    pub approved: bool,
    /// Where.
    pub place: Place,
    /// When it was given, or asked for where GitHub does not say when it came (UTC).
    pub at: Time,
}

/// Where on GitHub somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A run of a workflow.
    Run(u64),
    /// A comment.
    Comment(u64),
}

#[derive(Debug, Clone, Deserialize)]
struct Run {
    id: u64,
    created_at: Time,
    #[serde(default)]
    event: String,
    #[serde(default)]
    display_title: String,
    #[serde(default)]
    triggering_actor: Option<Account>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Account {
    #[serde(default)]
    pub(super) login: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

/// A review of a run.
#[derive(Debug, Clone, Deserialize)]
struct Review {
    state: String,
    #[serde(default)]
    user: Option<Account>,
    #[serde(default)]
    environments: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: String,
}

/// An environment, as far as it protects anything.
#[derive(Debug, Clone, Deserialize)]
struct Environment {
    #[serde(default)]
    can_admins_bypass: Option<bool>,
    #[serde(default)]
    protection_rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    prevent_self_review: bool,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Debug, Clone, Deserialize)]
struct Reviewer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    reviewer: Account,
}

impl Reader<'_> {
    /// What was answered about a plan; nothing when nobody did. A rejection counts before every approval.
    pub async fn answer_on_github(
        &self,
        service: &Service,
        rule: &GitHubApproval,
        plan: &Digest,
    ) -> Result<Option<Answer>, WorldError> {
        Ok(Box::pin(self.github(service)?.answer(rule, plan)).await?)
    }

    /// Why an approval there proves nothing, in half sentences; none when it proves that one of the reviewers gave it.
    pub async fn doubts_about_approvals(
        &self,
        service: &Service,
        rule: &GitHubApproval,
    ) -> Result<Vec<&'static str>, WorldError> {
        Ok(Box::pin(self.github(service)?.doubts(rule)).await?)
    }
}

impl Repository<'_> {
    async fn answer(&self, rule: &GitHubApproval, plan: &Digest) -> Result<Option<Answer>, GitHubError> {
        let doing = "look for an approval on GitHub";
        let below = format!("/actions/workflows/{}/runs?event=workflow_dispatch", rule.workflow);
        let runs: Vec<Run> = self.list(doing, &below, Listed::Under("workflow_runs")).await?;
        let title = format!("{TITLE}{plan}");
        let mut answers = Vec::new();
        for run in runs.iter().filter(|run| run.event == "workflow_dispatch" && run.display_title == title) {
            let reviews: Vec<Review> = self.get(doing, &format!("/actions/runs/{}/approvals", run.id)).await?;
            answers.extend(reviews.iter().filter_map(|review| answered(rule, run, review)));
        }
        Ok(answers.into_iter().min_by_key(|answer| (answer.approved, std::cmp::Reverse(answer.at))))
    }

    async fn doubts(&self, rule: &GitHubApproval) -> Result<Vec<&'static str>, GitHubError> {
        let doing = "look at who approves on GitHub";
        let environment: Environment = self.get(doing, &format!("/environments/{}", rule.environment)).await?;
        let us = self.us().await?;
        Ok(doubts(&environment, &us, rule))
    }
}

/// What a review says. An approval counts of a person whom the inventory names and who did not start the run; a rejection of anybody.
fn answered(rule: &GitHubApproval, run: &Run, review: &Review) -> Option<Answer> {
    if !review.environments.iter().any(|environment| environment.name == rule.environment) {
        return None;
    }
    let user = review.user.as_ref().filter(|user| user.kind == "User" && !user.login.is_empty())?;
    let login = user.login.to_ascii_lowercase();
    let (place, at) = (Place::Run(run.id), run.created_at);
    match review.state.as_str() {
        "rejected" => Some(Answer { login, approved: false, place, at }),
        "approved" => {
            let started = run.triggering_actor.as_ref().map(|actor| actor.login.to_ascii_lowercase());
            let another = started.is_some_and(|started| started != login);
            (another && rule.approvers.contains_key(&login)).then_some(Answer { login, approved: true, place, at })
        }
        _ => None,
    }
}

fn doubts(environment: &Environment, us: &Us, rule: &GitHubApproval) -> Vec<&'static str> {
    let mut doubts = Vec::new();
    let reviews: Vec<&Rule> =
        environment.protection_rules.iter().filter(|it| it.kind == "required_reviewers").collect();
    let reviewers = || reviews.iter().flat_map(|rule| &rule.reviewers);
    if reviewers().next().is_none() {
        doubts.push("the environment has no required reviewers");
    }
    if reviews.iter().any(|rule| !rule.prevent_self_review) {
        doubts.push("who starts a run may approve it");
    }
    if environment.can_admins_bypass != Some(false) {
        doubts.push("administrators may pass by without a review");
    }
    if reviewers().any(|reviewer| reviewer.kind != "User") {
        doubts.push("a team is among the reviewers, and who is in it may change");
    }
    if let Us::User(login) = us {
        let ours = |other: &str| other.eq_ignore_ascii_case(login);
        if reviewers().any(|reviewer| ours(&reviewer.reviewer.login)) || rule.approvers.keys().any(|other| ours(other))
        {
            doubts.push("our own token's account may approve");
        }
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> GitHubApproval {
        let approvers = [("grace".to_owned(), Vec::new())].into();
        GitHubApproval { environment: "live".to_owned(), workflow: "approve.yml".to_owned(), approvers }
    }

    #[test]
    fn an_approval_counts_of_a_named_person_who_did_not_ask() {
        let check = |starter: &str, who: &str, kind: &str, state: &str, environment: &str, wanted: Option<bool>| {
            let run = serde_json::from_value::<Run>(serde_json::json!({
                "id": 1, "created_at": "2025-01-15T10:00:00Z", "triggering_actor": { "login": starter, "type": "User" },
            }));
            let review = serde_json::from_value(serde_json::json!({
                "state": state, "user": { "login": who, "type": kind }, "environments": [{ "name": environment }],
            }));
            let found = answered(&rule(), &run.unwrap(), &review.unwrap());
            assert_eq!(found.map(|answer| answer.approved), wanted, "{starter} {who} {kind} {state} {environment}");
        };
        check("ada", "Grace", "User", "approved", "live", Some(true));
        check("grace", "grace", "User", "approved", "live", None);
        check("ada", "eve", "User", "approved", "live", None);
        check("ada", "grace", "Bot", "approved", "live", None);
        check("ada", "grace", "User", "approved", "staging", None);
        check("ada", "grace", "User", "pending", "live", None);
        check("ada", "eve", "User", "rejected", "live", Some(false));
    }

    #[test]
    fn what_proves_nothing_is_told() {
        let environment = |bypass: Option<bool>, prevent: bool, reviewers: &[(&str, &str)]| Environment {
            can_admins_bypass: bypass,
            protection_rules: vec![Rule {
                kind: "required_reviewers".to_owned(),
                prevent_self_review: prevent,
                reviewers: reviewers
                    .iter()
                    .map(|(kind, login)| Reviewer {
                        kind: (*kind).to_owned(),
                        reviewer: Account { login: (*login).to_owned(), kind: String::new() },
                    })
                    .collect(),
            }],
        };
        let us = Us::User("deploy-bot".to_owned());
        let grace = ("User", "grace");
        let count = |environment: &Environment, us: &Us| doubts(environment, us, &rule()).len();
        assert_eq!(count(&environment(Some(false), true, &[grace]), &us), 0);
        assert_eq!(count(&environment(Some(true), true, &[grace]), &us), 1);
        assert_eq!(count(&environment(None, true, &[grace]), &us), 1, "what GitHub does not say is no promise");
        assert_eq!(count(&environment(Some(false), false, &[grace]), &us), 1);
        assert_eq!(count(&environment(Some(false), true, &[]), &us), 1);
        assert_eq!(count(&environment(Some(false), true, &[("Team", "")]), &us), 1);
        assert_eq!(count(&environment(Some(false), true, &[grace, ("User", "Deploy-Bot")]), &us), 1);
        assert_eq!(count(&environment(Some(false), true, &[grace]), &Us::User("GRACE".to_owned())), 1);
        assert_eq!(count(&environment(Some(false), true, &[grace]), &Us::App), 0);
        let open = Environment { can_admins_bypass: Some(false), protection_rules: Vec::new() };
        assert_eq!(count(&open, &us), 1);
    }
}
