//! Whether what is live is what was deployed: the link, and the files of the release.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, count};
use crate::{tools::inspecting::name, world::releases::ReleaseState};

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let Some(live) = &patient.live else { return Ok(None) };
    let (Some(release), Some(artifact)) = (&live.release, &live.artifact) else { return Ok(None) };
    let mut looked = Looked { at: format!("release {release}"), ..Looked::default() };
    let mut add = |sure, seen: String, fix: &str, named: String| {
        looked.findings.push(Finding::new(Part::Cause, sure, seen, fix).next(Next::Rollback).quoting(named));
    };
    let releases = context.reader.releases(patient.target).await?;
    if releases.current.as_ref() != Some(release) {
        let fix = "Find out who switched it; deploy the wanted version again.";
        add(
            Sure::Likely,
            format!("The live link does not lead to {release}, which was deployed last."),
            fix,
            String::new(),
        );
    }
    match Box::pin(context.reader.release_state(patient.target, release, artifact)).await? {
        ReleaseState::Intact => {}
        ReleaseState::Missing => {
            let fix = "Deploy the version again.";
            add(
                Sure::Likely,
                format!("The directory of the live release {release} is gone or not ours."),
                fix,
                String::new(),
            );
        }
        ReleaseState::Changed => {
            let fix = "Put the change into git and deploy it; what is changed by hand is lost with the next release.";
            let changed =
                context.reader.changed_in_release(patient.target, release, artifact).await.unwrap_or_default();
            let named: Vec<String> = changed.iter().take(5).map(|path| name(&path.to_string_lossy())).collect();
            let files = if changed.is_empty() { "Files".to_owned() } else { count(changed.len(), "file") };
            let seen = format!("{files} of the live release {release} were changed by hand.");
            add(Sure::Possible, seen, fix, named.join("\n"));
        }
    }
    Ok(Some(looked))
}
