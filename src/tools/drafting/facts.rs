//! The facts that a plan for a service is bound to, read from the world as it is now.

use super::{
    super::Context,
    artifact, gates,
    github_secrets::{self, Needed},
};
use crate::{
    domain::{
        canonical,
        evidence::Evidence,
        facts::Facts,
        inventory::{Service, Target},
        name::EnvironmentName,
        plan::{PlanBody, Purpose},
        refusal::{Code, Refusal},
        release::DeploymentState,
        step::{ScriptCall, Step},
        version::Revision,
    },
    world::{artifacts::ArtifactState, gates::Aim, github::Offer},
};

/// What a dry run has asked others for already: its plan is bound to these answers, and nothing is asked twice.
#[derive(Debug, Default)]
pub(in crate::tools) struct Asked {
    /// What gates said.
    pub(in crate::tools) gates: Vec<Evidence>,
    /// What GitHub said of the names that workflows need.
    pub(in crate::tools) github_secrets: Option<Result<Vec<Needed>, Refusal>>,
    /// What GitHub offered as the artifact, where it is fetched from there.
    pub(in crate::tools) offer: Option<Offer>,
}

/// What the steps are for.
#[derive(Clone, Copy)]
pub(in crate::tools) struct Case<'a> {
    pub(in crate::tools) purpose: Purpose,
    pub(in crate::tools) service: &'a Service,
    pub(in crate::tools) environment: &'a EnvironmentName,
    pub(in crate::tools) target: &'a Target,
    pub(in crate::tools) revision: &'a Revision,
}

/// Everything that, if it changed, would make an approval of these steps wrong. A way back needs no gate, so it is bound to none.
pub(in crate::tools) async fn gather(
    context: Context<'_>,
    case: Case<'_>,
    steps: &[Step],
    asked: Asked,
) -> Result<Facts, Refusal> {
    let Case { purpose, service, environment, target, revision } = case;
    let reader = context.reader;
    let mut facts = Facts::default();
    let config = reader.inventory().digest_for(&service.name, environment).map_err(|_| unhashable())?;
    facts.set("config", config);
    let now = reader.resolve_version(service, &revision.version).await?;
    facts.set("commit", &now.commit);
    facts.set("tree", &now.tree);
    facts.set("tag_object", now.tag_object.as_deref().unwrap_or("none"));
    if purpose != Purpose::Rollback && service.remote.is_some() {
        let there = reader.tag_on_remote(service, &revision.version).await;
        let there = there.map(|object| object.unwrap_or_else(|| "none".to_owned()));
        facts.set("tag on the remote", there.unwrap_or_else(|_| "cannot be told".to_owned()));
    }
    facts.set("host", &target.host);
    if let Some(key) = reader.host_key(target).await? {
        facts.set("host key", key);
    }
    facts.set("root", target.root.display());
    let live = context.records.deployments(&service.name, environment).await?;
    let live = live.into_iter().find(|deployment| deployment.state == DeploymentState::Live);
    facts.set("live", live.map_or_else(|| "none".to_owned(), |deployment| deployment.version.to_string()));
    for name in &target.databases {
        if let Some(key) = reader.tunnel_host_key(name).await? {
            facts.set(format!("database {name} host key"), key);
        }
        let found = reader.database_identity(name).await?;
        facts.set(format!("database {name} identity"), found.identity);
        facts.set(format!("database {name} engine"), found.engine);
        let migrations = reader.migrations(name).await?.unwrap_or_default();
        facts.set(format!("database {name} migration head"), migrations.position());
    }
    for name in &service.secrets {
        // A keyed fingerprint: it changes with the value and tells nothing about it.
        let fingerprint = reader.secret_fingerprint(name).await;
        facts.set(format!("value behind {name}"), fingerprint.map_or_else(|_| "missing".to_owned(), |f| f.to_string()));
    }
    if purpose != Purpose::Rollback {
        let aim = Aim { environment, target };
        gates::states(context, service, revision, Some(aim), &asked.gates, &mut facts).await?;
        let looked = match asked.github_secrets {
            Some(looked) => looked,
            None => github_secrets::look(context, service, environment).await,
        };
        github_secrets::states(&looked, &mut facts);
        if let Some(fetch) = artifact::fetched(service) {
            let offer = match asked.offer {
                Some(offer) => Ok(offer),
                None => reader.artifact_offer(service, fetch, revision).await,
            };
            facts.set("artifact on GitHub", offer.map_or_else(|_| "cannot be told".to_owned(), |offer| offer.fact()));
        }
    }
    for step in steps {
        of_step(context, service, target, step, &mut facts).await?;
    }
    Ok(facts)
}

/// The same facts for a stored plan, read again.
pub(in crate::tools) async fn again(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
    let (Some(service), Some(revision)) = (&plan.service, &plan.revision) else { return Ok(Facts::default()) };
    let (service, environment, target) = context.reader.inventory().target(service, Some(&plan.environment))?;
    let case = Case { purpose: plan.purpose, service, environment, target, revision };
    gather(context, case, &plan.steps, Asked::default()).await
}

async fn of_step(
    context: Context<'_>,
    service: &Service,
    target: &Target,
    step: &Step,
    facts: &mut Facts,
) -> Result<(), Refusal> {
    let reader = context.reader;
    match step {
        Step::RunScript(run) => {
            of_script(context, service, &run.call, facts).await?;
            if let Some(undo) = &run.undo {
                of_script(context, service, undo, facts).await?;
            }
        }
        Step::PlaceRelease(place) => {
            let intact = reader.artifact_state(&place.artifact).await? == ArtifactState::Intact;
            facts.set("artifact", if intact { place.artifact.to_string() } else { "missing or changed".to_owned() });
        }
        Step::SwitchRelease(switch) => {
            let releases = reader.releases(target).await?;
            let current = releases.current.as_ref();
            facts.set("current release", current.map_or_else(|| "none".to_owned(), ToString::to_string));
            if let Some(from) = &switch.from {
                let there = releases.placed.iter().any(|release| release.id == *from);
                facts.set("previous release", if there { from.as_str() } else { "missing" });
            }
        }
        Step::RestoreDatabase(restore) => {
            let found = reader.snapshot_manifest(&restore.snapshot);
            let found = found.map_or_else(|| "missing".to_owned(), |manifest| manifest.digest.to_string());
            facts.set(format!("snapshot {}", restore.snapshot), found);
        }
        Step::CheckMonitoring(check) => {
            for name in &check.monitors {
                let monitor = canonical::digest("monitor", &reader.inventory().monitors.get(name));
                facts.set(format!("monitor {name}"), monitor.map_err(|_| unhashable())?);
            }
        }
        Step::CheckLighthouse(_) => {
            let lighthouse = canonical::digest("lighthouse", &reader.inventory().lighthouse);
            facts.set("lighthouse", lighthouse.map_err(|_| unhashable())?);
        }
        Step::TakeSnapshot(_)
        | Step::ExportCommit(_)
        | Step::WriteReport(_)
        | Step::PruneReleases(_)
        | Step::CheckSmoke(_)
        | Step::CheckE2e(_)
        | Step::CheckVisual(_)
        | Step::CommentIssue(_)
        | Step::OpenIncident(_)
        | Step::CloseIssue(_)
        | Step::CreateTag(_)
        | Step::Notify(_)
        | Step::TellProgress(_)
        | Step::TellDeployment(_) => {}
    }
    Ok(())
}

async fn of_script(
    context: Context<'_>,
    service: &Service,
    call: &ScriptCall,
    facts: &mut Facts,
) -> Result<(), Refusal> {
    let file = super::script::file(context, service, &call.commit, &call.path).await?;
    let name = format!("script {} at {}", call.path, call.commit.get(..12).unwrap_or(&call.commit));
    facts.set(&name, file.digest);
    facts.set(format!("{name} executable"), file.executable);
    facts.set(format!("{name} interpreter"), file.interpreter().join(" "));
    Ok(())
}

fn unhashable() -> Refusal {
    Refusal::new(Code::WorldFailed, "The inventory cannot be hashed.", "Report this as a defect of the server.")
}
