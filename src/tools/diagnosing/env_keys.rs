//! The keys of the target's `.env` beside those of `.env.example`: names only.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure};
use crate::tools::{inspecting::name, verify_secret};

/// How many keys are named.
const NAMED: usize = 12;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let (Some(example), Some(env)) = (&patient.service.env_example, &patient.target.env_file) else {
        return Ok(None);
    };
    let place = (patient.environment, patient.target);
    let keys = verify_secret::compare(context, patient.service, place, example, env).await?;
    let all = usize::try_from(keys.present).unwrap_or(usize::MAX).saturating_add(keys.missing.len());
    let mut looked = Looked { at: format!("{} of {all} keys are set", keys.present), ..Looked::default() };
    if !keys.missing.is_empty() {
        let mut named: Vec<String> = keys.missing.iter().take(NAMED).map(|key| name(key)).collect();
        if keys.missing.len() > NAMED {
            named.push(format!("and {} more", keys.missing.len() - NAMED));
        }
        let seen = format!(".env lacks keys that {example} has: {}.", named.join(", "));
        let fix = "The operator sets them in the target's .env; no tool writes or shows values.";
        looked.findings.push(Finding::new(Part::Cause, Sure::Likely, seen, fix).next(Next::Secrets));
    }
    Ok(Some(looked))
}
