//! `notify_team`: people are told about an operation, in a channel of theirs.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Action, Context, Describe, Proposal, Subject, Toolset, Wish, bounds::at_most, drafting::place,
    records::OperationView,
};
use crate::domain::{
    effect::Effect,
    facts::Facts,
    inventory::{Channel, Event, Inventory},
    name::{ChannelName, ServiceName},
    notice::Notify,
    operation::OperationId,
    plan::{Draft, PlanBody, Purpose},
    refusal::{Code, Refusal},
    step::Step,
};

/// The longest message, characters.
const MESSAGE: usize = 500;

/// The tool.
#[derive(Debug)]
pub(super) struct NotifyTeam;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Its service.
    service: ServiceName,
    /// From operation_status.
    operation: OperationId,
    /// Default the only one.
    #[serde(default)]
    channel: Option<ChannelName>,
    /// Your words.
    #[serde(default)]
    #[schemars(length(max = 500))]
    message: Option<String>,
}

impl Describe for NotifyTeam {
    const NAME: &'static str = "notify_team";
    const TITLE: &'static str = "Notify the team";
    const DESCRIPTION: &'static str =
        "Tells a channel (n8n, Slack, webhook) how an operation stands, from the ledger; message is added, marked.";
    const TOOLSET: Toolset = Toolset::Report;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for NotifyTeam {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        at_most("message", arguments.message.as_deref().unwrap_or_default().chars().count(), MESSAGE)?;
        Ok(Wish::Start { wait_s: None })
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        channel(inventory, arguments.channel.as_ref())?;
        let (service, environment) = place::of(&arguments.service, inventory)?;
        Ok(Subject {
            purpose: Purpose::Notice,
            service: Some(service.name.clone()),
            environment: environment.clone(),
            version: None,
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let inventory = context.reader.inventory();
        let channel = channel(inventory, arguments.channel.as_ref())?;
        let service = inventory.service(&arguments.service)?;
        let Some(operation) = context.records.operation(&arguments.operation).await? else {
            return Err(Refusal::new(
                Code::NotFound,
                "There is no such operation.",
                "Call operation_status without an id.",
            ));
        };
        if operation.service.as_ref() != Some(&service.name) {
            return Err(Refusal::new(
                Code::BadArgument,
                "The operation is not one of this service.",
                "Give the service of the operation.",
            ));
        }
        context.reader.channel_address(channel).await?;
        let message = arguments.message.as_deref().map(|message| context.reader.line(message, MESSAGE));
        let notice = Notify::new(channel, &operation, Event::of(operation.state), message.as_deref());
        let draft = Draft {
            purpose: Purpose::Notice,
            service: Some(service.name.clone()),
            environment: operation.environment.clone(),
            revision: None,
            facts: gather(context, channel).await,
            requirements: Vec::new(),
            steps: vec![Step::Notify(notice)],
            rollback: None,
            warnings: Vec::new(),
        };
        Ok(Proposal { draft, evidence: Vec::new(), untrusted_text: None })
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        let notice = plan.steps.iter().find_map(|step| match step {
            Step::Notify(notice) => Some(notice),
            _ => None,
        });
        let name = notice.map(|notice| &notice.channel).ok_or_else(super::unwritable)?;
        Ok(gather(context, channel(context.reader.inventory(), Some(name))?).await)
    }
}

/// The channel of that name, or the only one.
fn channel<'i>(inventory: &'i Inventory, name: Option<&ChannelName>) -> Result<&'i Channel, Refusal> {
    if let Some(name) = name {
        return inventory.channel(name);
    }
    let mut all = inventory.channels.values();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Refusal::new(
            Code::Unconfigured,
            "deploy-ops.toml names no channel.",
            "Add [notify.<name>] with kind, and url = \"NAME\" of [secrets]; docs/notify.md says more.",
        )),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = inventory.channels.keys().map(ChannelName::as_str).collect();
            let fix = format!("Give channel as one of: {}.", names.join(", "));
            Err(Refusal::new(Code::BadArgument, "The argument channel is missing.", fix))
        }
    }
}

/// Where the channel leads, without saying it.
async fn gather(context: Context<'_>, channel: &Channel) -> Facts {
    let mut facts = Facts::default();
    let fingerprint = context.reader.secret_fingerprint(&channel.url).await;
    facts.set(
        format!("address of channel {}", channel.name),
        fingerprint.map_or_else(|_| "missing".to_owned(), |fingerprint| fingerprint.to_string()),
    );
    facts
}
