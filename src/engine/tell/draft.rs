//! What is to be said of an operation, as steps: from its records, and from what GitHub shows.

use serde_json::json;

use super::{
    super::{Engine, propose::defect, records::EngineRecords},
    owed::{self, News},
};
use crate::{
    domain::{
        digest::Digest,
        effect::Tier,
        github_deployment::{DeploymentStanding, TellDeployment},
        inventory::Service,
        issue::{CloseIssue, TellProgress},
        operation::{JournalEntry, Operation, OperationState},
        plan::Plan,
        principal::Principal,
        refusal::Refusal,
        step::Step,
    },
    ledger::Ledger,
    tools::{self, telling},
    world::github::IssueState,
};

/// Steps that stand or fall together. What becomes of one part does not keep the others from being said.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Or why GitHub cannot be asked what they have to be.
    pub(super) steps: Result<Vec<Step>, Refusal>,
}

/// What can be said of an operation now, in short: the same as long as nothing has happened.
pub(super) async fn standing(ledger: &Ledger, operation: &Operation) -> Result<String, Refusal> {
    let journal = ledger.journal(&operation.id).await?;
    let journal: Vec<_> = journal.iter().map(|entry| (entry.phase, entry.index, entry.attempt, entry.state)).collect();
    let all = json!([operation.state, operation.summary, operation.decide_by, journal]);
    Ok(Digest::of(all.to_string().as_bytes()).to_string())
}

/// Everything that is to be said of an operation now.
pub(super) async fn parts(
    engine: &Engine,
    ledger: &Ledger,
    operation: &Operation,
    service: &Service,
) -> Result<Vec<Part>, Refusal> {
    let id = operation.plan.as_ref().ok_or_else(defect)?;
    let plan = ledger.plan(id).await?.ok_or_else(defect)?.plan;
    let journal = ledger.journal(&operation.id).await?;
    let reader = engine.world().reader();
    let label = reader.inventory().github.as_ref().map(|access| access.issue_label.clone()).unwrap_or_default();
    let comment = Step::TellProgress(TellProgress {
        about: telling::about(operation),
        service: service.name.clone(),
        environment: operation.environment.clone(),
        label: label.clone(),
        body: telling::progress(reader, operation, plan.steps(), &journal),
    });
    let mut parts = vec![
        Part { name: "deployment", steps: Ok(deployments(engine, ledger, operation, &plan, &journal).await?) },
        Part { name: "comment", steps: Ok(vec![comment]) },
    ];
    match owed::news(operation.state) {
        News::None => {}
        News::Bad => {
            let records = EngineRecords::new(engine, ledger);
            let (principal, quiet) = (Principal::server(), |_: String| {});
            let context = tools::Context { reader, records: &records, principal: &principal, progress: &quiet };
            let incident = telling::incident(context, operation, None).await?;
            parts.push(Part { name: "incident", steps: Ok(vec![Step::OpenIncident(incident)]) });
        }
        News::Good => {
            let over = over(engine, ledger, operation, service, &label).await;
            parts.push(Part { name: "close", steps: over });
        }
    }
    Ok(parts)
}

/// The deployment of the operation, and, when it went live, the one that it replaced.
async fn deployments(
    engine: &Engine,
    ledger: &Ledger,
    operation: &Operation,
    plan: &Plan,
    journal: &[JournalEntry],
) -> Result<Vec<Step>, Refusal> {
    let body = plan.body();
    let (Some(service), Some(revision)) = (&body.service, &body.revision) else { return Ok(Vec::new()) };
    let tell = |operation: &Operation, commit: &str, standing: DeploymentStanding, words: &str| {
        Step::TellDeployment(TellDeployment {
            about: telling::about(operation),
            service: service.clone(),
            environment: body.environment.clone(),
            production: engine.environment_or_strict(&body.environment).tier == Tier::Production,
            commit: commit.to_owned(),
            standing,
            description: format!("{words}; operation {}", operation.id),
        })
    };
    let standing = DeploymentStanding::of(operation.state, !journal.is_empty());
    let words = serde_json::to_value(operation.state).map_err(|_| defect())?;
    let words = words.as_str().unwrap_or_default().replace('_', " ");
    let mut steps = vec![tell(operation, &revision.commit, standing, &words)];
    if standing != DeploymentStanding::Success {
        return Ok(steps);
    }
    for earlier in ledger.deployments(service, &body.environment).await? {
        if earlier.operation == operation.id {
            continue;
        }
        let Some(before) = ledger.operation(&earlier.operation).await? else { continue };
        if matches!(before.state, OperationState::Succeeded | OperationState::Accepted) {
            if ledger.telling(&before.id).await?.is_some() {
                steps.push(tell(&before, &earlier.commit, DeploymentStanding::Inactive, "replaced"));
            }
            break;
        }
    }
    Ok(steps)
}

/// The comments and the ends of the incidents that are over: those of the same service and environment that began before.
async fn over(
    engine: &Engine,
    ledger: &Ledger,
    operation: &Operation,
    service: &Service,
    label: &str,
) -> Result<Vec<Step>, Refusal> {
    let reader = engine.world().reader();
    let labels = [label.to_owned(), telling::INCIDENT.to_owned()];
    let open = reader.github(service)?.issues(IssueState::Open, &labels).await?;
    let mut steps = Vec::new();
    for issue in open.iter().rev() {
        let Some(id) = &issue.incident else { continue };
        let Some(before) = ledger.operation(id).await? else { continue };
        let same = before.service == operation.service && before.environment == operation.environment;
        if same && before.started_at <= operation.started_at {
            steps.push(Step::CommentIssue(telling::comment(reader, operation, issue.number, None)));
            steps.push(Step::CloseIssue(CloseIssue { issue: issue.number }));
        }
    }
    Ok(steps)
}
