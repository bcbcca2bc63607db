//! The quality gates of a service, run for a commit.

use super::super::{Context, UNTIL_STAMPED};
use crate::domain::{
    evidence::{Evidence, Requirement},
    facts::Facts,
    inventory::{Gate, Service},
    refusal::Refusal,
    version::Revision,
};

/// What each gate says of the commit, and what those say that are not green.
pub(in crate::tools) async fn run(
    context: Context<'_>,
    service: &Service,
    revision: &Revision,
) -> Result<(Vec<Evidence>, Vec<String>), Refusal> {
    let (mut evidence, mut complaints) = (Vec::new(), Vec::new());
    for gate in of(context, service) {
        (context.progress)(format!("running gate {}", gate.name));
        let run = context.reader.run_gate(service, gate, revision, UNTIL_STAMPED).await?;
        complaints.extend(run.complaint());
        evidence.push(run.evidence);
    }
    Ok((evidence, complaints))
}

/// That each of them is green for the commit.
pub(in crate::tools) fn required(context: Context<'_>, service: &Service, commit: &str) -> Vec<Requirement> {
    let required = |gate: &Gate| Requirement { kind: gate.kind.evidence(), subject: format!("{}@{commit}", gate.name) };
    of(context, service).map(required).collect()
}

/// What gates that others keep say now.
pub(in crate::tools) async fn states(
    context: Context<'_>,
    service: &Service,
    revision: &Revision,
    facts: &mut Facts,
) -> Result<(), Refusal> {
    for gate in of(context, service) {
        if let Some(state) = context.reader.gate_state(service, gate, revision).await? {
            facts.set(format!("gate {}", gate.name), state);
        }
    }
    Ok(())
}

/// The gates of a service, in its order.
pub(in crate::tools) fn of<'a>(context: Context<'a>, service: &'a Service) -> impl Iterator<Item = &'a Gate> {
    service.gates.iter().filter_map(move |name| context.reader.inventory().gates.get(name))
}
