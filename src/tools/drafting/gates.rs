//! The quality gates of a service, run for a commit.

use futures::future::try_join_all;

use super::super::{Context, UNTIL_STAMPED};
use crate::{
    domain::{
        evidence::{Evidence, Requirement},
        facts::Facts,
        inventory::{Gate, Service},
        refusal::Refusal,
        version::Revision,
    },
    world::gates::Aim,
};

/// What each gate says of the commit, and what those say that are not green.
pub(in crate::tools) async fn run(
    context: Context<'_>,
    service: &Service,
    revision: &Revision,
    aim: Option<Aim<'_>>,
) -> Result<(Vec<Evidence>, Vec<String>), Refusal> {
    let (mut evidence, mut complaints) = (Vec::new(), Vec::new());
    for gate in of(context, service, aim) {
        (context.progress)(format!("running gate {}", gate.name));
        let run = context.reader.run_gate(service, gate, revision, aim, UNTIL_STAMPED).await?;
        complaints.extend(run.complaint());
        evidence.push(run.evidence);
    }
    Ok((evidence, complaints))
}

/// That each of them is green for the commit.
pub(in crate::tools) fn required(
    context: Context<'_>,
    service: &Service,
    commit: &str,
    aim: Option<Aim<'_>>,
) -> Vec<Requirement> {
    let required = |gate: &Gate| Requirement { kind: gate.kind.evidence(), subject: subject(gate, commit) };
    of(context, service, aim).map(required).collect()
}

/// What gates say that may turn: as was seen a moment ago, or else as they say now.
pub(in crate::tools) async fn states(
    context: Context<'_>,
    service: &Service,
    revision: &Revision,
    aim: Option<Aim<'_>>,
    seen: &[Evidence],
    facts: &mut Facts,
) -> Result<(), Refusal> {
    let state = async |gate: &Gate| {
        let subject = subject(gate, &revision.commit);
        let evidence = match seen.iter().find(|evidence| evidence.subject == subject) {
            Some(seen) => seen.clone(),
            None => context.reader.run_gate(service, gate, revision, aim, UNTIL_STAMPED).await?.evidence,
        };
        Ok::<_, Refusal>((format!("gate {}", gate.name), format!("{:?}: {}", evidence.outcome, evidence.summary)))
    };
    let states = of(context, service, aim).filter(|gate| gate.kind.may_turn()).map(state);
    for (name, state) in try_join_all(states).await? {
        facts.set(name, state);
    }
    Ok(())
}

/// What the evidence of a gate is about.
fn subject(gate: &Gate, commit: &str) -> String {
    format!("{}@{commit}", gate.name)
}

/// The gates of a service, in its order; without a place to go to, only those that are about the commit: there is no tag yet either.
pub(in crate::tools) fn of<'a>(
    context: Context<'a>,
    service: &'a Service,
    aim: Option<Aim<'_>>,
) -> impl Iterator<Item = &'a Gate> {
    let asked = aim.is_some();
    let gates = service.gates.iter().filter_map(move |name| context.reader.inventory().gates.get(name));
    gates.filter(move |gate| asked || gate.kind.about_commit())
}
