//! Whether the secrets of the service exist. No value is looked at.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, count};
use crate::tools::drafting::secrets;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let names = secrets::of(patient.service);
    let missing = secrets::missing(context, &names).await;
    let mut looked = Looked { at: count(names.len(), "secret"), ..Looked::default() };
    if !missing.is_empty() {
        let seen = format!("Secrets are missing: {}.", missing.join(", "));
        let fix = "The operator sets them where the configuration says that they are.";
        looked.findings.push(Finding::new(Part::Cause, Sure::Likely, seen, fix).next(Next::Secrets));
    }
    Ok((!names.is_empty()).then_some(looked))
}
