//! `deployment_issues`: the issues about deployments, and what is said in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Action, Answer, Context, Describe, Proposal, Subject, Toolset, Wish,
    bounds::{Limit, WaitSeconds, at_most},
    drafting::place,
    records::{EvidenceView, PlanView},
    telling,
};
use crate::{
    domain::{
        effect::Effect,
        facts::Facts,
        inventory::{GitHubAccess, Inventory, Service},
        issue::CloseIssue,
        name::ServiceName,
        operation::{Operation, OperationId, OperationKind, OperationState},
        plan::{Draft, PlanBody, Purpose},
        refusal::{Code, NextCall, Refusal},
        step::Step,
        time::Time,
    },
    world::github::{Issue, IssueState},
};

/// The longest note, characters.
const NOTE: usize = 500;
/// The most labels of a list.
const LABELS: usize = 5;
/// The tool.
#[derive(Debug)]
pub(super) struct DeploymentIssues;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What to do.
    #[serde(default)]
    mode: Mode,
    /// The service, from list_services.
    service: ServiceName,
    /// All modes but list: the deployment or rollback, from operation_status.
    #[serde(default)]
    operation: Option<OperationId>,
    /// comment, close: the issue's number.
    #[serde(default)]
    issue: Option<u32>,
    /// comment, open_incident: quoted as the caller's words.
    #[serde(default)]
    #[schemars(length(max = 500))]
    note: Option<String>,
    /// list: which.
    #[serde(default)]
    state: State,
    /// list: with all these labels; default: the configured one.
    #[serde(default)]
    #[schemars(length(max = 5))]
    labels: Vec<String>,
    /// list: issues to return.
    #[serde(default)]
    limit: Limit,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Show issues.
    #[default]
    List,
    /// Tell an operation's metrics.
    Comment,
    /// Open an issue for a failed operation.
    OpenIncident,
    /// Tell the metrics and close.
    Close,
}

/// Which issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Open,
    Closed,
    All,
}

/// The result: issues for `list`, else an operation.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Where the operation stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    /// Its plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView>,
    /// What it proved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceView>,
    /// The issues, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Shown>,
    /// Further ones that are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<usize>,
}

/// An issue.
#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    issue: u64,
    open: bool,
    /// Whether it was opened for an operation.
    by_us: bool,
    comments: u64,
    /// UTC.
    created_at: Time,
    /// UTC.
    updated_at: Time,
    /// Title, labels and author; others wrote them.
    untrusted_text: String,
}

impl From<Issue> for Shown {
    fn from(issue: Issue) -> Self {
        Self {
            issue: issue.number,
            open: issue.open,
            by_us: issue.ours,
            comments: issue.comments,
            created_at: issue.created_at,
            updated_at: issue.updated_at,
            untrusted_text: format!("{}\nlabels: {}\nby: {}", issue.title, issue.labels.join(", "), issue.author),
        }
    }
}

impl Describe for DeploymentIssues {
    const NAME: &'static str = "deployment_issues";
    const TITLE: &'static str = "Issues about deployments";
    const DESCRIPTION: &'static str = "Issues of a service's GitHub repository. list; comment an operation's metrics; open_incident for \
        a failed or rolled-back one, with timeline, evidence and likely causes; close after a successful one. Texts come from the \
        ledger. Each is said once: again updates.";
    const TOOLSET: Toolset = Toolset::GitHub;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Action for DeploymentIssues {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        at_most("note", arguments.note.as_deref().unwrap_or_default().chars().count(), NOTE)?;
        at_most("labels", arguments.labels.len(), LABELS)?;
        if !arguments.labels.iter().all(|label| GitHubAccess::is_label(label)) {
            return Err(bad("A label has 1 to 50 characters and no comma.", "Give each label by its name."));
        }
        if arguments.mode == Mode::List {
            return Ok(Wish::Look);
        }
        if arguments.operation.is_none() {
            return Err(bad("The argument operation is missing.", "Call operation_status to see the operations."));
        }
        if arguments.issue.is_none() && arguments.mode != Mode::OpenIncident {
            return Err(bad(
                "The argument issue is missing.",
                "Call deployment_issues with mode=list to see the issues.",
            ));
        }
        Ok(Wish::Start { wait_s: arguments.wait_s.get() })
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        let (service, environment) = place::of(&arguments.service, inventory)?;
        Ok(Subject {
            purpose: Purpose::Issue,
            service: Some(service.name.clone()),
            environment: environment.clone(),
            version: None,
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let service = context.reader.inventory().service(&arguments.service)?;
        let Some(id) = &arguments.operation else { return Err(super::unwritable()) };
        let operation = operation_of(context, id).await?;
        fits(arguments.mode, &operation, service)?;
        let note = arguments.note.as_deref();
        let steps = if arguments.mode == Mode::OpenIncident {
            vec![Step::OpenIncident(telling::incident(context, &operation, note).await?)]
        } else {
            let issue = u64::from(arguments.issue.unwrap_or_default());
            check_issue(context, service, issue).await?;
            let comment = Step::CommentIssue(telling::comment(context.reader, &operation, issue, note));
            let close = (arguments.mode == Mode::Close).then_some(Step::CloseIssue(CloseIssue { issue }));
            std::iter::once(comment).chain(close).collect()
        };
        let draft = Draft {
            purpose: Purpose::Issue,
            service: Some(service.name.clone()),
            environment: operation.environment.clone(),
            revision: None,
            facts: gather(context, service, &steps).await?,
            requirements: Vec::new(),
            steps,
            rollback: None,
            warnings: Vec::new(),
        };
        Ok(Proposal { draft, evidence: Vec::new(), untrusted_text: None })
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        let Some(service) = &plan.service else { return Err(super::unwritable()) };
        gather(context, context.reader.inventory().service(service)?, &plan.steps).await
    }

    async fn look(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        let inventory = context.reader.inventory();
        let service = inventory.service(&arguments.service)?;
        let repository = context.reader.github(service)?;
        let labels = match (&inventory.github, arguments.labels) {
            (Some(access), labels) if labels.is_empty() => vec![access.issue_label.clone()],
            (_, labels) => labels,
        };
        let state = match arguments.state {
            State::Open => IssueState::Open,
            State::Closed => IssueState::Closed,
            State::All => IssueState::All,
        };
        let issues = repository.issues(state, &labels).await?;
        let (all, limit) = (issues.len(), arguments.limit.get() as usize);
        let not_shown = all.checked_sub(limit).filter(|more| *more > 0);
        let mut status = format!("{all} issues of {}.", repository.name());
        if let Some(more) = not_shown {
            status += &format!(" Not shown: {more} older ones (raise limit, or name labels).");
        }
        let issues = issues.into_iter().take(limit).map(Shown::from).collect();
        Ok(Answer { status, output: Output { issues, not_shown, ..Output::default() }, next: Vec::new() })
    }
}

fn bad(message: &str, fix: &str) -> Refusal {
    Refusal::new(Code::BadArgument, message, fix)
}

async fn operation_of(context: Context<'_>, id: &OperationId) -> Result<Operation, Refusal> {
    context.records.operation(id).await?.ok_or_else(|| {
        Refusal::new(Code::NotFound, "There is no such operation.", "Call operation_status without an id.")
    })
}

/// Whether that may be said about the operation.
fn fits(mode: Mode, operation: &Operation, service: &Service) -> Result<(), Refusal> {
    if operation.service.as_ref() != Some(&service.name) {
        return Err(bad("The operation is not one of this service.", "Give the service of the operation."));
    }
    let wrong = |message: &str| {
        let fix = "See where it stands; then choose another mode or operation.";
        let arguments = serde_json::json!({ "operation": operation.id });
        let next = NextCall::new("operation_status", arguments, "see where it stands");
        Err(Refusal::new(Code::WrongState, message, fix).with_next(next))
    };
    if !matches!(operation.kind, OperationKind::Deploy | OperationKind::Rollback) {
        return wrong("Issues tell of deployments and rollbacks; this operation is neither.");
    }
    let state = operation.state;
    let failed = state.freezes() || matches!(state, OperationState::Failed | OperationState::RolledBack);
    let good = matches!(state, OperationState::Succeeded | OperationState::Accepted);
    match mode {
        Mode::OpenIncident if !failed => wrong("The operation did not fail, so it is no incident."),
        Mode::Close if !good => wrong("The operation did not succeed, so its issue stays open."),
        _ => Ok(()),
    }
}

/// Only issues about deployments are written to: those with the label, and those that were opened for an operation.
async fn check_issue(context: Context<'_>, service: &Service, number: u64) -> Result<(), Refusal> {
    let label =
        context.reader.inventory().github.as_ref().map(|access| access.issue_label.as_str()).unwrap_or_default();
    let issue = context.reader.github(service)?.issue(number).await?;
    let about_deployments =
        |issue: &Issue| issue.ours || issue.labels.iter().any(|name| name.eq_ignore_ascii_case(label));
    if issue.as_ref().is_some_and(about_deployments) {
        return Ok(());
    }
    let message = format!("Number {number} is no issue about deployments.");
    let fix = format!("Give it the label {label} on GitHub, or choose another with mode=list.");
    let arguments = serde_json::json!({ "service": service.name });
    Err(Refusal::new(Code::WrongState, message, fix).with_next(NextCall::new(
        DeploymentIssues::NAME,
        arguments,
        "see the issues about deployments",
    )))
}

/// Which repository it is, and what the words rest on. While an operation runs, what is told of it may grow old.
async fn gather(context: Context<'_>, service: &Service, steps: &[Step]) -> Result<Facts, Refusal> {
    let mut facts = Facts::default();
    facts.set("repository", context.reader.github(service)?.name());
    let final_words = steps.iter().any(|step| matches!(step, Step::OpenIncident(_) | Step::CloseIssue(_)));
    let about = steps.iter().find_map(|step| match step {
        Step::CommentIssue(step) => Some(&step.about),
        Step::OpenIncident(step) => Some(&step.about),
        _ => None,
    });
    if let (true, Some(about)) = (final_words, about) {
        let state = operation_of(context, &about.operation).await?.state;
        facts.set("state of the operation", format!("{state:?}"));
    }
    Ok(facts)
}
