//! `diagnose`: why a service does not answer as it should, or why an operation failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Describe, Query, Toolset,
    diagnosing::{
        Finding, Looked, Part, Patient, Sure, count,
        examine::{self, Checked, examine},
        operation::{self, Story},
    },
    drafting::way_back,
};
use crate::domain::{
    effect::Effect,
    evidence::Outcome,
    name::{EnvironmentName, ServiceName},
    operation::{Operation, OperationId, OperationState},
    query::signature,
    refusal::{Code, NextCall, Refusal},
};

/// How many findings are shown.
const FINDINGS: usize = 10;
/// How much of what others wrote is shown in all, bytes.
const QUOTED: usize = 2_000;
/// What stands where more was written than fits.
const NOT_SHOWN: &str = "[left out: the answer would be too long]";
/// How many calls are offered.
const CALLS: usize = 4;

/// The tool.
#[derive(Debug)]
pub(super) struct Diagnose;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// A service, from list_services.
    #[serde(default)]
    service: Option<ServiceName>,
    /// Where; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// Or a failed operation; its service is looked at as well.
    #[serde(default)]
    operation: Option<OperationId>,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// `PASS`: nothing goes wrong now; `INCONCLUSIVE`: it cannot be told.
    outcome: Outcome,
    /// The step of the operation that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_step: Option<String>,
    /// The most probable cause first, then what goes wrong, other causes, and weaknesses.
    findings: Vec<FindingView>,
    /// Findings that are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    /// What was looked at.
    checks: Vec<CheckView>,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingView {
    part: Part,
    sure: Sure,
    /// What was seen.
    seen: String,
    /// What to do. No tool does it by itself.
    fix: String,
    /// The tool to call next; `next` has its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    /// What others wrote about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckView {
    check: String,
    /// `INCONCLUSIVE`: it could not be made.
    outcome: Outcome,
    /// In a few words.
    found: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Describe for Diagnose {
    const NAME: &'static str = "diagnose";
    const TITLE: &'static str = "Diagnose";
    const DESCRIPTION: &'static str = "Finds out why a service fails (HTTP 500, …) or why an operation failed. Looks at answers and \
        headers, databases, half-applied migrations, the last errors in logs, secrets and .env keys by name, disk and quota, permissions, \
        files changed by hand, age of snapshots. Says the most probable cause, how sure, what to do and what to call next. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for Diagnose {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        match (&arguments.operation, &arguments.service) {
            (Some(id), None) if arguments.environment.is_none() => of_operation(context, id).await,
            (None, Some(service)) => of_service(context, service, arguments.environment.as_ref()).await,
            _ => Err(Refusal::new(
                Code::BadArgument,
                "Either service, with its environment, or operation is needed, not both.",
                "Give the service that fails, or the operation that failed (operation_status lists them).",
            )),
        }
    }
}

async fn of_service(
    context: Context<'_>,
    service: &ServiceName,
    environment: Option<&EnvironmentName>,
) -> Result<Answer<Output>, Refusal> {
    let patient = patient(context, service, environment).await?;
    let checked = examine(context, &patient, None).await;
    let subject = format!("{} in {}", patient.service.name, patient.environment);
    Ok(report(&subject, Story::default(), checked, Some(&patient), None, searchable(context)))
}

async fn of_operation(context: Context<'_>, id: &OperationId) -> Result<Answer<Output>, Refusal> {
    let Some(operation) = context.records.operation(id).await? else {
        return Err(Refusal::new(
            Code::NotFound,
            "There is no such operation.",
            "Call operation_status without an id.",
        ));
    };
    let story = operation::look(context, &operation).await?;
    // Its service may have left the inventory.
    let patient = match &operation.service {
        Some(service) => patient(context, service, Some(&operation.environment)).await.ok(),
        None => None,
    };
    let checked = match &patient {
        Some(patient) if story.findings().next().is_some() => {
            let commit = commit_of(context, &operation).await;
            examine(context, patient, commit.as_deref()).await
        }
        _ => Vec::new(),
    };
    let subject = format!("operation {} ({})", operation.id, word(operation.state));
    Ok(report(&subject, story, checked, patient.as_ref(), Some(&operation), searchable(context)))
}

/// Whether the web can be searched.
fn searchable(context: Context<'_>) -> bool {
    context.reader.inventory().search.is_some()
}

async fn patient<'i>(
    context: Context<'i>,
    service: &ServiceName,
    environment: Option<&EnvironmentName>,
) -> Result<Patient<'i>, Refusal> {
    let (service, environment, target) = context.reader.inventory().target(service, environment)?;
    let live = way_back::live(context, service, environment).await?;
    Ok(Patient { service, environment, target, live })
}

/// The commit that an operation was about, when its plan names one.
async fn commit_of(context: Context<'_>, operation: &Operation) -> Option<String> {
    let plan = context.records.plan(operation.plan.as_ref()?).await.ok()??;
    plan.body().revision.as_ref().map(|revision| revision.commit.clone())
}

/// Puts together what was found.
fn report(
    subject: &str,
    story: Story,
    checked: Vec<Checked>,
    patient: Option<&Patient<'_>>,
    operation: Option<&Operation>,
    searchable: bool,
) -> Answer<Output> {
    let answered = checked.iter().any(|check| check.name == examine::ANSWERS && matches!(check.look, Ok(Some(_))));
    let mut checks = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    // Beside an operation's own story, what its service shows now is only likely to have to do with it.
    let own = story.findings().count();
    for Checked { name, look } in story.checked.into_iter().chain(checked) {
        let (outcome, found) = match look {
            Ok(None) => continue,
            Ok(Some(Looked { findings: found, at })) => {
                let outcome = if found.is_empty() { Outcome::Pass } else { Outcome::Fail };
                findings.extend(found);
                (outcome, at)
            }
            Err(refusal) => (Outcome::Inconclusive, refusal.message),
        };
        checks.push(CheckView { check: name.to_owned(), outcome, found });
    }
    let order = order(&findings, own);
    let findings: Vec<Finding> = order.into_iter().filter_map(|at| findings.get(at).cloned()).collect();
    let outcome = outcome(&findings, answered, operation);
    let version = operation.and_then(|operation| operation.version.as_deref());
    let mut next: Vec<NextCall> = Vec::new();
    let mut left = QUOTED;
    let shown = findings.iter().take(FINDINGS).map(|finding| {
        let call = finding.next.as_ref().and_then(|next| next.call(patient, version));
        let tool = call.as_ref().map(|call| call.tool.clone());
        if let Some(call) = call.filter(|call| next.len() < CALLS && !next.contains(call)) {
            next.push(call);
        }
        let text =
            finding.untrusted_text.clone().map(|text| if text.len() <= left { text } else { NOT_SHOWN.to_owned() });
        left = left.saturating_sub(text.as_ref().map_or(0, String::len));
        FindingView {
            part: finding.part,
            sure: finding.sure,
            seen: finding.seen.clone(),
            fix: finding.fix.clone(),
            call: tool,
            untrusted_text: text,
        }
    });
    let shown: Vec<FindingView> = shown.collect();
    if let Some(open) = operation.filter(|operation| !operation.state.is_terminal()) {
        let arguments = serde_json::json!({ "operation": open.id, "wait_s": 30 });
        next.push(NextCall::new("operation_status", arguments, "it has not ended: wait for it"));
    }
    if let Some(query) = searchable.then(|| signature_of(&findings)).flatten() {
        let arguments = serde_json::json!({ "query": query });
        next.push(NextCall::new("search_web", arguments, "see what others know about it"));
    }
    let status = status(subject, outcome, &findings, &checks, operation.is_some());
    let left_out = findings.len() - shown.len();
    let output = Output { outcome, failed_step: story.failed_step, findings: shown, left_out, checks };
    Answer { status, output, next }
}

/// What the first error that somebody wrote is called elsewhere.
fn signature_of(findings: &[Finding]) -> Option<String> {
    findings.iter().filter_map(|finding| finding.untrusted_text.as_deref()).find_map(signature)
}

/// The order in which findings are told: the most probable cause, then by what they are and how sure; of the same, those of the
/// operation itself (the first `own`) first.
fn order(findings: &[Finding], own: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    let rank = |at: &usize| findings.get(*at).map(|finding| (finding.part, finding.sure, *at >= own));
    order.sort_by_key(rank);
    let is_cause = |at: &usize| findings.get(*at).is_some_and(|finding| finding.part == Part::Cause);
    // What the operation itself says comes before what its service shows now.
    let first = order.iter().position(|at| is_cause(at) && *at < own).or_else(|| order.iter().position(is_cause));
    if let Some(first) = first {
        let cause = order.remove(first);
        order.insert(0, cause);
    }
    order
}

fn outcome(findings: &[Finding], answered: bool, operation: Option<&Operation>) -> Outcome {
    let fails = |finding: &Finding| finding.part == Part::Symptom && finding.sure == Sure::Certain;
    let certain = |finding: &Finding| finding.part == Part::Cause && finding.sure == Sure::Certain;
    if findings.iter().any(|finding| fails(finding) || certain(finding)) {
        Outcome::Fail
    } else if answered || operation.is_some_and(|operation| operation.state == OperationState::Succeeded) {
        Outcome::Pass
    } else {
        Outcome::Inconclusive
    }
}

fn status(subject: &str, outcome: Outcome, findings: &[Finding], checks: &[CheckView], is_operation: bool) -> String {
    let cause = findings.first().filter(|finding| finding.part == Part::Cause);
    let symptom = findings.iter().find(|finding| finding.part == Part::Symptom && finding.sure == Sure::Certain);
    let mut text = match (outcome, symptom, cause) {
        (Outcome::Fail, symptom, cause) => {
            let mut text = format!("FAIL: {subject}.");
            if let Some(cause) = cause {
                text += &format!(" Most probable cause ({}): {}", cause.sure.word(), cause.seen);
            }
            if let Some(symptom) = symptom {
                text += &format!(" {}", symptom.seen);
            }
            text
        }
        (Outcome::Pass, ..) if findings.is_empty() => format!("PASS: {subject}: nothing wrong was found ✓"),
        (Outcome::Pass, ..) => {
            format!("PASS: {subject}: nothing fails now; {} to look at.", count(findings.len(), "thing"))
        }
        (Outcome::Inconclusive, ..) if findings.is_empty() && is_operation => {
            format!("INCONCLUSIVE: {subject}: nothing of it failed so far.")
        }
        (Outcome::Inconclusive, ..) => {
            format!(
                "INCONCLUSIVE: {subject}: nothing tells whether it works; {} to look at.",
                count(findings.len(), "thing")
            )
        }
    };
    let not_made: Vec<&str> = checks
        .iter()
        .filter(|check| check.outcome == Outcome::Inconclusive)
        .map(|check| check.check.as_str())
        .collect();
    if !not_made.is_empty() {
        text += &format!(" Could not be looked at: {}.", not_made.join(", "));
    }
    text
}

fn word(state: OperationState) -> String {
    let state = serde_json::to_value(state).ok();
    state.as_ref().and_then(|state| state.as_str()).unwrap_or("?").to_owned()
}
