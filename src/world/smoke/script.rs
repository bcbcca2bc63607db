//! A script of the repository, in a clean export of what is live.

use std::time::Duration;

use super::{Found, OUTPUT};
use crate::{
    domain::{
        inventory::{OnCancel, Script, Service},
        refusal::Code,
        step::ScriptCall,
    },
    world::{
        Reader, WorldError,
        process::{self, Environment, Invocation},
        scripts::{Placeholders, argv},
    },
};

/// The exit code decides, whatever the script prints. It gets no secret.
pub(super) async fn attempt(
    reader: &Reader<'_>,
    service: &Service,
    script: &Script,
    live: Option<&Placeholders>,
    limit: Duration,
) -> Result<Found, WorldError> {
    let Some(live) = live else {
        return Ok(Found::inconclusive("It is not known which commit is live.".to_owned()));
    };
    let file = reader.file_at(service, &live.commit, &script.path).await?.ok_or_else(|| {
        WorldError::new(
            Code::NotFound,
            format!("run {}", script.path),
            "the live commit does not hold it",
            "Correct the path of the check in deploy-ops.toml.",
        )
    })?;
    let scratch = reader.scratch("smoke-")?;
    let export = scratch.path().join("export");
    reader.export_to(service, &live.commit, None, &export).await?;
    let call = ScriptCall {
        path: script.path.clone(),
        commit: live.commit.clone(),
        digest: file.digest,
        interpreter: file.interpreter(),
        arguments: live.fill(&script.arguments),
        environment: script.environment.clone(),
        secrets: Vec::new(),
        timeout_s: script.timeout_s,
        host: None,
        on_cancel: OnCancel::Wait,
    };
    let place = reader.place_script(service, &call, &export, "smoke").await?;
    let limit = limit.min(Duration::from_secs(u64::from(script.timeout_s)));
    let mut invocation = Invocation::of(&argv(&call, &place), &export, limit)?;
    invocation.environment = Environment::default().declare(&script.environment);
    let run = process::run(invocation).await?;
    Ok(if run.ending.is_success() {
        Found::pass(format!("{} ended with exit code 0.", script.path))
    } else {
        let found = Found::fail(format!("{} ended by {}.", script.path, run.ending.describe()));
        Found { untrusted_text: Some(run.output.last(OUTPUT)), ..found }
    })
}
