//! Whether the secrets of the service exist. No value is looked at.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, count};
use crate::domain::{inventory::Deploy, name::SecretName};

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let scripts = match &patient.service.deploy {
        Deploy::Script(deploy) => vec![Some(&deploy.script), deploy.rollback.as_ref()],
        Deploy::Release(deploy) => vec![deploy.migrate.as_ref()],
    };
    let granted = scripts.into_iter().flatten().flat_map(|script| &script.secrets);
    let mut names: Vec<&SecretName> = patient.service.secrets.iter().chain(granted).collect();
    names.sort();
    names.dedup();
    let mut missing = Vec::new();
    for name in &names {
        if !context.reader.secret_exists(name).await.is_ok_and(|state| state.exists) {
            missing.push(name.as_str());
        }
    }
    let mut looked = Looked { at: count(names.len(), "secret"), ..Looked::default() };
    if !missing.is_empty() {
        let seen = format!("Secrets are missing: {}.", missing.join(", "));
        let fix = "The operator sets them where the configuration says that they are.";
        looked.findings.push(Finding::new(Part::Cause, Sure::Likely, seen, fix).next(Next::Secrets));
    }
    Ok((!names.is_empty()).then_some(looked))
}
