//! Whether each database of the service has a current verified snapshot.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure};
use crate::{domain::evidence::Outcome, tools::inspecting::snapshots};

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let mut findings = Vec::new();
    for name in &patient.target.databases {
        let seen = snapshots::look(context, context.reader.inventory().database(name)?).await?;
        if seen.outcome != Outcome::Pass {
            let fix = "Take one before anything is changed.";
            findings.push(
                Finding::new(Part::Weakness, Sure::Certain, format!("{}.", seen.found), fix).next(Next::Snapshot),
            );
        }
    }
    let all = patient.target.databases.len();
    let at = format!("{} of {all} databases have a current one", all - findings.len());
    Ok((all > 0).then_some(Looked { findings, at }))
}
