//! All checks of a service, side by side, each with its own time limit.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use futures::future::join_all;

use super::{
    Context, Look, Patient, databases, e2e, env_keys, logs, migrations, permissions, releases, scripts, secrets, smoke,
    snapshots, space,
};
use crate::domain::refusal::{Code, Refusal};

/// The check that tells whether the service answers.
pub(in crate::tools) const ANSWERS: &str = "answers";
/// How long one check may take. All are made at once, so that no call takes longer.
const PER_CHECK: Duration = Duration::from_secs(25);

/// A check with what came of it.
#[derive(Debug)]
pub(in crate::tools) struct Checked {
    pub(in crate::tools) name: &'static str,
    pub(in crate::tools) look: Look,
}

/// Makes every check of a service, all at once. Whatever happens to one is said of it alone. `commit` is the one whose scripts are
/// looked at, instead of the live one.
pub(in crate::tools) async fn examine(
    context: Context<'_>,
    patient: &Patient<'_>,
    commit: Option<&str>,
) -> Vec<Checked> {
    type Looking<'a> = Pin<Box<dyn Future<Output = Look> + Send + 'a>>;
    let checks: [(&'static str, Looking<'_>); 12] = [
        (ANSWERS, Box::pin(smoke::look(context, patient))),
        ("e2e", Box::pin(e2e::look(context, patient))),
        ("databases", Box::pin(databases::look(context, patient))),
        ("migrations", Box::pin(migrations::look(context, patient))),
        ("space", Box::pin(space::look(context, patient))),
        ("secrets", Box::pin(secrets::look(context, patient))),
        ("env_keys", Box::pin(env_keys::look(context, patient))),
        ("logs", Box::pin(logs::look(context, patient))),
        ("release", Box::pin(releases::look(context, patient))),
        ("scripts", Box::pin(scripts::look(context, patient, commit))),
        ("permissions", Box::pin(permissions::look(context, patient))),
        ("snapshots", Box::pin(snapshots::look(context, patient))),
    ];
    join_all(checks.into_iter().map(|(name, looking)| timed(name, looking))).await
}

async fn timed(name: &'static str, looking: impl Future<Output = Look>) -> Checked {
    let begun = Instant::now();
    let look = tokio::time::timeout(PER_CHECK, looking).await.unwrap_or_else(|_| {
        let message = format!("It gave no answer within {} s.", begun.elapsed().as_secs());
        Err(Refusal::new(Code::WorldFailed, message, "Look at that part by itself."))
    });
    Checked { name, look }
}
