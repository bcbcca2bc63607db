//! GitHub: whether it answers for each repository, and whether our token may do more than it should.

use std::collections::BTreeMap;

use super::Finding;
use crate::{
    cli::wire,
    config::Config,
    domain::inventory::{Environment, GitHubApproval, RepositoryName, Service, SignedComments},
    world::Reader,
};

/// Looks at every repository of the inventory, all at once.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    let named = reader.inventory().services.values().filter_map(|service| Some((service.github.clone()?, service)));
    let repositories: BTreeMap<RepositoryName, &Service> = named.collect();
    let looks = repositories.iter().map(|(name, service)| look(reader, name, service));
    let mut findings: Vec<Finding> = futures::future::join_all(looks).await.into_iter().flatten().collect();
    for (name, service) in &repositories {
        for place in service.targets.keys().filter_map(|name| reader.inventory().environments.get(name)) {
            if let Some(rule) = &place.approval.github {
                findings.push(approvals(reader, name, service, place, rule).await);
            }
            if let Some(rule) = &place.approval.signed_comments {
                findings.push(comments(reader, name, service, place, rule).await);
            }
        }
    }
    if !repositories.is_empty() {
        findings.extend(tag_key(reader).await);
    }
    findings
}

/// Whether new tags can be signed, where they are.
async fn tag_key(reader: Reader<'_>) -> Option<Finding> {
    match reader.tagger().await {
        Ok(None) => None,
        Ok(Some(tagger)) => {
            Some(Finding::good("new tags", format!("are signed by {} with {}", tagger.name, tagger.key)))
        }
        Err(error) => Some(Finding::wrong("new tags", format!("cannot be signed: {}", error.problem), error.fix)),
    }
}

/// Whether an approval there proves that one of the reviewers gave it. Where it does not, it is not accepted.
async fn approvals(
    reader: Reader<'_>,
    name: &RepositoryName,
    service: &Service,
    place: &Environment,
    rule: &GitHubApproval,
) -> Finding {
    let what = format!("approvals for {} by {} of {name} on GitHub", place.name, rule.environment);
    match reader.doubts_about_approvals(service, rule).await {
        Ok(doubts) if doubts.is_empty() => Finding::good(what, "count: another person has to give them"),
        Ok(doubts) => Finding::wrong(
            what,
            format!("are not accepted: {}", doubts.join("; ")),
            "correct the environment's protection rules; see docs/github.md",
        ),
        Err(error) => Finding::wrong(what, error.problem, error.fix),
    }
}

/// Whether the issue is there in which approvals are looked for, and nobody who holds our token may give them.
async fn comments(
    reader: Reader<'_>,
    name: &RepositoryName,
    service: &Service,
    place: &Environment,
    rule: &SignedComments,
) -> Finding {
    let what = format!("approvals for {} by signed comments in issue {} of {name}", place.name, rule.issue);
    match reader.is_our_account_a_signer(service, rule).await {
        Ok(false) => Finding::good(what, "count: each is signed by a person whom the inventory names"),
        Ok(true) => Finding::wrong(
            what,
            "our own token's account is among the approvers: its comments do not count",
            "use the token of another account, or remove that approver",
        ),
        Err(error) => Finding::wrong(what, error.problem, error.fix),
    }
}

async fn look(reader: Reader<'_>, name: &RepositoryName, service: &Service) -> Vec<Finding> {
    let what = format!("{name} on GitHub");
    let standing = match reader.repository_standing(service).await {
        Ok(standing) => standing,
        Err(error) => return vec![Finding::wrong(what, error.problem, error.fix)],
    };
    let mut findings = Vec::new();
    if let Some(now) = standing.renamed {
        let fix = format!("correct github of service {}", service.name);
        findings.push(Finding::weak(&what, format!("is now called {now}"), fix));
    }
    if !standing.scopes.is_empty() {
        let found = format!("the token is a classic one ({}): it may do that everywhere", standing.scopes.join(", "));
        findings.push(Finding::weak(&what, found, "use a fine-grained token or a GitHub App; see docs/github.md"));
    }
    if standing.administers {
        let found = "the token's account may administer it: change its protection, approve deployments";
        findings.push(Finding::weak(
            &what,
            found,
            "use the token of an account, or an App, that may only what is needed",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(what, "answers, and the token may not administer it"));
    }
    findings
}
