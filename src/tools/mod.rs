//! Tools read the world and answer, or draft a plan. None of them can change anything.
//!
//! A tool is one file: its arguments, its output, its description, and one function. [`all`] lists them.

mod bounds;
mod cancel_operation;
mod check_monitoring;
mod check_readiness;
mod create_tag;
mod deploy_service;
mod deployment_issues;
mod diagnose;
mod diagnosing;
mod drafting;
mod handler;
pub(crate) mod headline;
mod inspect_db;
mod inspecting;
mod list_services;
mod notify_team;
mod operation_status;
pub mod page;
mod parse;
mod read_file;
mod readiness;
pub mod records;
mod rollback;
mod run_e2e;
mod run_lighthouse;
mod run_smoke;
mod schema;
mod search_logs;
mod search_web;
mod security_alerts;
mod smoke_page;
mod snapshot_db;
pub mod suites;
mod take_screenshot;
pub mod telling;
mod toolset;
mod validate_deployment;
mod validating;
mod verify_secret;
mod verifying;
mod write_report;

use std::future::Future;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use handler::{ActionHandler, Handler, ObservationHandler};
use parse::parse;
pub use records::Records;
pub use toolset::Toolset;

use crate::{
    domain::{
        effect::Effect,
        evidence::Evidence,
        facts::Facts,
        inventory::Inventory,
        name::{EnvironmentName, ServiceName},
        operation::OperationId,
        plan::{Draft, PlanBody, PlanId, Purpose},
        principal::Principal,
        refusal::{Code, NextCall, Refusal},
        version::Version,
    },
    world::{Reader, browser::Image},
};

/// How long evidence counts is the policy's to say: the engine stamps it.
const UNTIL_STAMPED: u32 = 0;

/// What a tool gets to answer a call.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The world, reading only.
    pub reader: Reader<'a>,
    /// What the ledger knows, reading only.
    pub records: &'a dyn Records,
    /// Who asks.
    pub principal: &'a Principal,
    /// Told about progress, in sentences for a human; never blocks.
    pub progress: &'a (dyn Fn(String) + Send + Sync),
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// What every tool states about itself.
pub trait Describe: Send + Sync {
    /// The tool's name, as its files are called.
    const NAME: &'static str;
    /// Its title for a human.
    const TITLE: &'static str;
    /// What it does, needs and changes, and what to call next; for a reader with no context.
    const DESCRIPTION: &'static str;
    /// Its group.
    const TOOLSET: Toolset;
    /// The worst it can do.
    const EFFECT: Effect;
    /// Whether calling it twice with the same arguments is calling it once.
    const IDEMPOTENT: bool;
    /// Whether it talks to parts that are not the operator's own.
    const OPEN_WORLD: bool = false;
    /// Whether its answer follows from its arguments, the inventory, the ledger and what was last seen of hosts, and from nothing
    /// else: not from the world, the clock or the caller. Such an answer is given again until one of them says more.
    const FROM_RECORDS: bool = false;
    /// The arguments: a flat struct with `deny_unknown_fields`.
    type Arguments: DeserializeOwned + JsonSchema + Send + Sync;
    /// The result: what stands in `structuredContent`.
    type Output: Serialize + JsonSchema + Send;
}

/// A tool that only reads.
pub trait Query: Describe {
    /// Answers.
    fn answer(
        arguments: Self::Arguments,
        context: Context<'_>,
    ) -> impl Future<Output = Result<Answer<Self::Output>, Refusal>> + Send;

    /// The pictures that go with an answer, each already searched for secrets.
    fn pictures(output: &mut Self::Output) -> Vec<Image> {
        let _ = output;
        Vec::new()
    }

    /// What an answer proves, when that is worth a record and a report: the engine makes an operation of it, which has ended.
    fn sighting(output: &mut Self::Output) -> Option<Sighting> {
        let _ = output;
        None
    }
}

/// A tool that leads to a change. It says what is wanted; the engine does it.
///
/// What comes back is an [`records::OperationView`]; `Output` describes it, and whatever [`Action::look`] answers.
pub trait Action: Describe {
    /// What the caller wants. Pure.
    fn wish(arguments: &Self::Arguments) -> Result<Wish, Refusal>;

    /// What it is about, resolved in the inventory. Called for [`Wish::Propose`] and [`Wish::Start`], before anything is read.
    fn subject(arguments: &Self::Arguments, inventory: &Inventory) -> Result<Subject, Refusal>;

    /// The dry run: reads the world, rehearses, and drafts a plan. Called for [`Wish::Propose`] and [`Wish::Start`].
    fn draft(
        arguments: Self::Arguments,
        context: Context<'_>,
    ) -> impl Future<Output = Result<Proposal, Refusal>> + Send;

    /// The facts of a plan that this tool drafted, read again now, under the lock.
    fn facts(plan: &PlanBody, context: Context<'_>) -> impl Future<Output = Result<Facts, Refusal>> + Send;

    /// Answers without any plan. Called for [`Wish::Look`].
    fn look(
        arguments: Self::Arguments,
        context: Context<'_>,
    ) -> impl Future<Output = Result<Answer<Self::Output>, Refusal>> + Send {
        let _ = (arguments, context);
        async { Err(unwritable()) }
    }
}

/// A tool that looks around for longer than a call may take: the engine makes an operation of it, which changes nothing.
///
/// What comes back is an [`records::OperationView`], at once or by `operation_status`.
pub trait Observation: Describe {
    /// Whether what it sees adds up to a verdict about what is deployed.
    const JUDGED: bool = false;

    /// How long the call waits for it, s; as the operator set it when the caller does not say.
    fn wait_s(arguments: &Self::Arguments) -> Option<u32>;

    /// What it is about, resolved in the inventory, before anything is read.
    fn about(arguments: &Self::Arguments, inventory: &Inventory) -> Result<About, Refusal>;

    /// Looks.
    fn observe(
        arguments: Self::Arguments,
        context: Context<'_>,
    ) -> impl Future<Output = Result<Observed, Refusal>> + Send;
}

/// What an observation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The service, when it is one.
    pub service: Option<ServiceName>,
    /// Where.
    pub environment: EnvironmentName,
    /// The version that is asked about.
    pub version: Option<Version>,
}

impl About {
    /// About services in an environment: it names the one, when it is one.
    pub(crate) fn of(services: &[&ServiceName], environment: &EnvironmentName, version: Option<Version>) -> Self {
        let service = match services {
            [one] => Some((*one).clone()),
            _ => None,
        };
        Self { service, environment: environment.clone(), version }
    }
}

/// What a query saw, for the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// What it is about.
    pub about: About,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

/// What was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The first line of the answer: what was found, in one sentence.
    pub summary: String,
    /// What stands in the way, the worst first.
    pub blockers: Vec<Refusal>,
    /// What was seen, in the order of the answer.
    pub evidence: Vec<Evidence>,
    /// The last of what others wrote about what is not green.
    pub untrusted_text: Option<String>,
}

/// What a caller of an action wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// An answer, and nothing else.
    Look,
    /// A dry run.
    Propose {
        /// How long the call waits for it, s; as the operator set it when the caller does not say.
        wait_s: Option<u32>,
    },
    /// Draft and run at once: only for plans that only add.
    Start {
        /// How long the call waits for it, s; as the operator set it when the caller does not say.
        wait_s: Option<u32>,
    },
    /// The execution of a plan.
    Execute {
        /// The plan.
        plan: PlanId,
        /// How long the call waits for it, s; as the operator set it when the caller does not say.
        wait_s: Option<u32>,
    },
    /// The end of an operation at its next safe point.
    Cancel {
        /// The operation.
        operation: OperationId,
    },
}

/// What a proposal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What the plan will be for.
    pub purpose: Purpose,
    /// The service, unless it is about databases alone.
    pub service: Option<ServiceName>,
    /// Where.
    pub environment: EnvironmentName,
    /// The version that is asked for.
    pub version: Option<Version>,
}

/// A drafted plan with the evidence that was collected for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The plan.
    pub draft: Draft,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Output of the rehearsal that others wrote.
    pub untrusted_text: Option<String>,
}

/// The answer of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The first line of the text: what was found, in one sentence.
    pub status: String,
    /// The facts; written to `structuredContent` and, as text, to `content`.
    pub output: T,
    /// The calls that make sense now.
    pub next: Vec<NextCall>,
}

/// An answer with its types erased.
#[derive(Debug, Clone, PartialEq)]
pub struct ErasedAnswer {
    /// The first line of the text.
    pub status: String,
    /// The structured output.
    pub output: Value,
    /// The calls that make sense now.
    pub next: Vec<NextCall>,
    /// Pictures.
    pub pictures: Vec<Image>,
    /// What it proves, for the records.
    pub sighting: Option<Sighting>,
}

/// A tool with its types erased.
#[derive(Clone)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its description.
    pub description: &'static str,
    /// Its group.
    pub toolset: Toolset,
    /// The worst it can do.
    pub effect: Effect,
    /// Whether calling it twice is calling it once.
    pub idempotent: bool,
    /// Whether it talks to parts that are not the operator's own.
    pub open_world: bool,
    /// Whether its answer follows from its arguments, the inventory, the ledger and what was last seen of hosts.
    pub from_records: bool,
    /// The JSON Schema of its arguments.
    pub input_schema: fn() -> Map<String, Value>,
    /// The JSON Schema of its output; the same function for the same type.
    pub output_schema: fn() -> Map<String, Value>,
    /// What it does.
    pub handler: Handler,
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every tool, in the order of their names. A new tool is a file and a line here.
pub fn all() -> Vec<Tool> {
    let mut tools = vec![
        action::<cancel_operation::CancelOperation>(),
        query::<check_monitoring::CheckMonitoring>(),
        observation::<check_readiness::CheckReadiness>(),
        action::<create_tag::CreateTag>(),
        action::<deploy_service::DeployService>(),
        action::<deployment_issues::DeploymentIssues>(),
        query::<diagnose::Diagnose>(),
        query::<inspect_db::InspectDb>(),
        query::<list_services::ListServices>(),
        action::<notify_team::NotifyTeam>(),
        query::<operation_status::OperationStatus>(),
        query::<read_file::ReadFile>(),
        action::<rollback::Rollback>(),
        observation::<run_e2e::RunE2e>(),
        observation::<run_lighthouse::RunLighthouse>(),
        query::<run_smoke::RunSmoke>(),
        query::<search_logs::SearchLogs>(),
        query::<search_web::SearchWeb>(),
        query::<security_alerts::SecurityAlerts>(),
        action::<snapshot_db::SnapshotDb>(),
        query::<take_screenshot::TakeScreenshot>(),
        observation::<validate_deployment::ValidateDeployment>(),
        query::<verify_secret::VerifySecret>(),
        action::<write_report::WriteReport>(),
    ];
    tools.sort_by_key(|tool| tool.name);
    tools
}

/// A query, erased.
pub fn query<T: Query + 'static>() -> Tool {
    tool::<T>(Handler::Query(|arguments, context| {
        Box::pin(async move {
            let mut answer = T::answer(parse::<T::Arguments>(arguments)?, context).await?;
            let (pictures, sighting) = (T::pictures(&mut answer.output), T::sighting(&mut answer.output));
            Ok(ErasedAnswer { sighting, ..erase(answer, pictures)? })
        })
    }))
}

fn erase<T: Serialize>(answer: Answer<T>, pictures: Vec<Image>) -> Result<ErasedAnswer, Refusal> {
    let output = serde_json::to_value(&answer.output).map_err(|_| unwritable())?;
    Ok(ErasedAnswer { status: answer.status, output, next: answer.next, pictures, sighting: None })
}

/// An action, erased.
pub fn action<T: Action + 'static>() -> Tool {
    tool::<T>(Handler::Action(ActionHandler {
        wish: |arguments| T::wish(&parse::<T::Arguments>(arguments.clone())?),
        subject: |arguments, inventory| T::subject(&parse::<T::Arguments>(arguments.clone())?, inventory),
        draft: |arguments, context| Box::pin(async move { T::draft(parse::<T::Arguments>(arguments)?, context).await }),
        facts: |plan, context| Box::pin(T::facts(plan, context)),
        look: |arguments, context| {
            Box::pin(async move { erase(T::look(parse::<T::Arguments>(arguments)?, context).await?, Vec::new()) })
        },
    }))
}

/// An observation, erased.
pub fn observation<T: Observation + 'static>() -> Tool {
    tool::<T>(Handler::Observation(ObservationHandler {
        judged: T::JUDGED,
        wait_s: |arguments| Ok(T::wait_s(&parse::<T::Arguments>(arguments.clone())?)),
        about: |arguments, inventory| T::about(&parse::<T::Arguments>(arguments.clone())?, inventory),
        observe: |arguments, context| {
            Box::pin(async move { T::observe(parse::<T::Arguments>(arguments)?, context).await })
        },
    }))
}

fn tool<T: Describe + 'static>(handler: Handler) -> Tool {
    Tool {
        name: T::NAME,
        title: T::TITLE,
        description: T::DESCRIPTION,
        toolset: T::TOOLSET,
        effect: T::EFFECT,
        idempotent: T::IDEMPOTENT,
        open_world: T::OPEN_WORLD,
        from_records: T::FROM_RECORDS,
        input_schema: schema::of_arguments::<T::Arguments>,
        output_schema: schema::of_output::<T::Output>,
        handler,
    }
}

/// A number that makes two ids of the same second differ.
fn random() -> u32 {
    uuid::Uuid::new_v4().as_fields().0
}

fn unwritable() -> Refusal {
    Refusal::new(
        Code::WorldFailed,
        "The answer could not be written as JSON.",
        "Report this as a defect of the server.",
    )
}
