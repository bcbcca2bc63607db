//! `rollback`: go back to a version; a dry run first, then the plan it made.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Action, Context, Describe, Proposal, Subject, Toolset, UNTIL_STAMPED, Wish,
    bounds::WaitSeconds,
    drafting::{artifact, facts, loss, migrations, mode::Mode, script, way_back},
    records::OperationView,
};
use crate::{
    domain::{
        effect::Effect,
        evidence::{Evidence, EvidenceKind, Outcome, Requirement},
        facts::Facts,
        inventory::{Deploy, Inventory, ReleaseDeploy, ScriptDeploy, Service, Target},
        name::{EnvironmentName, ServiceName},
        plan::{DatabaseStrategy, Draft, PlanBody, PlanId, Purpose, RollbackPlan},
        refusal::{Code, Refusal},
        release::{Deployment, DeploymentState, ReleaseId},
        snapshot::{SnapshotFormat, SnapshotId, SnapshotLevel, SnapshotManifest},
        step::{
            CheckSmoke, ExportCommit, PlaceRelease, RestoreDatabase, RunScript, ScriptRole, Step, SwitchRelease,
            TakeSnapshot,
        },
        version::{Revision, Version},
    },
    world::{artifacts::ArtifactState, scripts::Placeholders},
};

/// The tool.
#[derive(Debug)]
pub(super) struct Rollback;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// dry_run makes a plan and changes nothing; execute runs a plan.
    #[serde(default)]
    mode: Mode,
    /// dry_run: the service, from list_services.
    #[serde(default)]
    service: Option<ServiceName>,
    /// dry_run: the version to go back to; default: the one before the live one.
    #[serde(default)]
    version: Option<Version>,
    /// dry_run: where; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// dry_run: restore loses every write since the snapshot; the approver sees how much.
    #[serde(default)]
    databases: Databases,
    /// execute: the plan id that the dry run returned.
    #[serde(default)]
    plan: Option<PlanId>,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

/// What happens to the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Databases {
    /// They stay as they are.
    #[default]
    Keep,
    /// They get the snapshots that were taken before the live version was deployed.
    Restore,
}

impl Describe for Rollback {
    const NAME: &'static str = "rollback";
    const TITLE: &'static str = "Roll a service back";
    const DESCRIPTION: &'static str = "Goes back to an earlier version: by release directory, retained artifact, rebuild of the tag, or \
        the service's rollback script. mode=dry_run (default) returns a plan and changes nothing; mode=execute takes its id. Windows \
        and gates never block it. The version it leaves is refused from then on.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Destroy;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for Rollback {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        arguments.mode.wish(Self::NAME, arguments.plan.as_ref(), arguments.wait_s)
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        let Some(name) = &arguments.service else {
            return Err(Refusal::new(
                Code::BadArgument,
                "The argument service is missing.",
                "Call list_services to see the names.",
            ));
        };
        let (service, environment, _) = inventory.target(name, arguments.environment.as_ref())?;
        Ok(Subject {
            purpose: Purpose::Rollback,
            service: Some(service.name.clone()),
            environment: environment.clone(),
            version: arguments.version.clone(),
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let subject = Self::subject(&arguments, context.reader.inventory())?;
        let Some(name) = &subject.service else { return Err(super::unwritable()) };
        let (service, environment, target) = context.reader.inventory().target(name, Some(&subject.environment))?;
        let history = context.records.deployments(name, environment).await?;
        let (live, to) = choose(&history, arguments.version.as_ref())?;
        let revision = way_back::revision_of(context, service, to).await?;
        let case = Case { context, service, environment, target, live, to, revision: &revision };
        case.draft(arguments.databases).await
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        facts::again(plan, context).await
    }
}

/// What is live, and where to go back to.
fn choose<'a>(
    history: &'a [Deployment],
    wanted: Option<&Version>,
) -> Result<(Option<&'a Deployment>, &'a Deployment), Refusal> {
    let live = history.iter().find(|deployment| deployment.state == DeploymentState::Live);
    let candidates = || history.iter().filter(|deployment| deployment.state == DeploymentState::Replaced);
    let to = match wanted {
        Some(version) => candidates().find(|deployment| deployment.version == *version),
        None => candidates().next(),
    };
    to.map(|to| (live, to)).ok_or_else(|| {
        let known: Vec<&str> = candidates().map(|deployment| deployment.version.as_str()).take(5).collect();
        let fix = if known.is_empty() {
            "Nothing was deployed before the live version by this server; deploy the version you want.".to_owned()
        } else {
            format!("Give version as one of: {}.", known.join(", "))
        };
        Refusal::new(Code::RollbackNotReady, "There is no such earlier version to go back to.", fix)
    })
}

/// MariaDB moves tables between databases at once, and nothing else.
fn not_atomic(manifest: &SnapshotManifest) -> String {
    format!(
        "Restoring {} (MariaDB) is not atomic: all tables change at once, but for a moment after it views are missing and writes \
         go without their triggers. Stop writes before (maintenance).",
        manifest.database
    )
}

struct Case<'a> {
    context: Context<'a>,
    service: &'a Service,
    environment: &'a EnvironmentName,
    target: &'a Target,
    live: Option<&'a Deployment>,
    to: &'a Deployment,
    revision: &'a Revision,
}

impl Case<'_> {
    fn subject(&self) -> String {
        format!("{} {} in {}", self.service.name, self.revision.commit, self.environment)
    }

    async fn draft(&self, databases: Databases) -> Result<Proposal, Refusal> {
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        let strategy = match databases {
            Databases::Keep if self.target.databases.is_empty() => DatabaseStrategy::NotTouched,
            Databases::Keep => {
                let ahead = migrations::of_rollback(self.context, self.service, self.target, self.revision).await?;
                warnings.extend(ahead);
                DatabaseStrategy::Keep
            }
            Databases::Restore => self.restore(&mut steps, &mut warnings).await?,
        };
        let restores: Vec<Step> = steps.extract_if(.., |step| matches!(step, Step::RestoreDatabase(_))).collect();
        let (how, rebuilt) = match &self.service.deploy {
            Deploy::Release(deploy) => self.by_release(deploy, &mut steps, &mut warnings).await?,
            Deploy::Script(deploy) => self.by_script(deploy, &mut steps).await?,
        };
        // Databases come back after the code: the old code must not meet the new schema any longer than it has to.
        steps.extend(restores);
        steps.push(Step::CheckSmoke(CheckSmoke { version: self.revision.version.clone() }));
        let reader = self.context.reader;
        let ready = Evidence {
            summary: how,
            collector: Rollback::NAME.to_owned(),
            ..reader.evidence(EvidenceKind::RollbackReady, &self.subject(), Outcome::Pass, UNTIL_STAMPED)
        };
        let rollback = RollbackPlan {
            to: match self.live {
                Some(live) => Some(way_back::revision_of(self.context, self.service, live).await?),
                None => None,
            },
            release: self.live.and_then(|live| live.release.clone()),
            code: self.way_forth(),
            database: strategy,
            rebuilt,
        };
        let case = facts::Case {
            purpose: Purpose::Rollback,
            service: self.service,
            environment: self.environment,
            target: self.target,
            revision: self.revision,
        };
        let facts = facts::gather(self.context, case, &steps, facts::Asked::default()).await?;
        let draft = Draft {
            purpose: Purpose::Rollback,
            service: Some(self.service.name.clone()),
            environment: self.environment.clone(),
            revision: Some(self.revision.clone()),
            facts,
            requirements: vec![Requirement { kind: EvidenceKind::RollbackReady, subject: self.subject() }],
            steps,
            rollback: Some(rollback),
            warnings,
        };
        Ok(Proposal { draft, evidence: vec![ready], untrusted_text: None })
    }

    /// How the version that is left comes back when the rollback fails.
    fn way_forth(&self) -> String {
        match (&self.service.deploy, self.live.map(|live| (&live.version, &live.release))) {
            (Deploy::Release(_), Some((_, Some(release)))) => format!("switch to release {release} again"),
            (Deploy::Release(_), _) => "take the release offline again".to_owned(),
            (Deploy::Script(_), Some((version, _))) => format!("not by itself: deploy {version} again"),
            (Deploy::Script(_), None) => "not by itself: deploy a version".to_owned(),
        }
    }

    /// Snapshots of the present state, then restores of the ones from before the live version.
    async fn restore(&self, steps: &mut Vec<Step>, warnings: &mut Vec<String>) -> Result<DatabaseStrategy, Refusal> {
        let now = self.context.reader.now();
        let mut chosen: Vec<SnapshotManifest> = Vec::new();
        for database in &self.target.databases {
            let known = self.context.records.snapshots(database).await?;
            let before = self.live.map(|live| &live.operation);
            let found = known
                .into_iter()
                .find(|manifest| Some(&manifest.operation) == before && manifest.level == SnapshotLevel::Verified);
            let Some(manifest) = found else {
                return Err(Refusal::new(
                    Code::BackupMissing,
                    format!("Database {database} has no verified snapshot from before the live version."),
                    "Go back with databases=keep, or let an operator restore by hand.",
                ));
            };
            chosen.push(manifest);
        }
        for manifest in &chosen {
            steps.push(Step::TakeSnapshot(TakeSnapshot {
                database: manifest.database.clone(),
                snapshot: SnapshotId::new(&manifest.database, now, super::random()),
            }));
        }
        for manifest in &chosen {
            steps.push(Step::RestoreDatabase(RestoreDatabase {
                database: manifest.database.clone(),
                snapshot: manifest.id.clone(),
                digest: manifest.digest,
            }));
        }
        let loss_window_s = chosen.iter().map(|manifest| now.seconds_since(manifest.taken_at)).max().unwrap_or(0);
        warnings.push(format!("Every write of the last {loss_window_s} s to the restored databases is lost."));
        warnings.extend(chosen.iter().filter(|one| one.format == SnapshotFormat::MariadbSql).map(not_atomic));
        (self.context.progress)("counting what a restore would lose".to_owned());
        let losses = loss::of_restore(self.context, &chosen).await;
        warnings.extend(losses.iter().map(|loss| format!("{}.", loss.summary())));
        Ok(DatabaseStrategy::Restore {
            snapshots: chosen.into_iter().map(|manifest| manifest.id).collect(),
            loss_window_s,
            losses,
        })
    }

    async fn by_release(
        &self,
        deploy: &ReleaseDeploy,
        steps: &mut Vec<Step>,
        warnings: &mut Vec<String>,
    ) -> Result<(String, bool), Refusal> {
        let reader = self.context.reader;
        let releases = reader.releases(self.target).await?;
        let from = releases.current;
        let there =
            self.to.release.clone().filter(|release| releases.placed.iter().any(|placed| placed.id == *release));
        let (release, code, rebuilt) = if let Some(release) = there {
            let code = format!("switch back to release {release}");
            (release, code, false)
        } else {
            let kept = match self.to.artifact {
                Some(digest) if reader.artifact_state(&digest).await? == ArtifactState::Intact => Some(digest),
                _ => None,
            };
            let rebuilt = kept.is_none();
            let artifact = if let Some(digest) = kept {
                digest
            } else {
                (self.context.progress)("the old release is gone: making its artifact again".to_owned());
                artifact::make(self.context, self.service, deploy, self.revision).await?.0.digest
            };
            if rebuilt {
                warnings.push(
                    "The old artifact is gone; it is rebuilt from the tag, so it is not the one that was tested."
                        .to_owned(),
                );
            }
            reader.check_release_target(self.target, &artifact, &deploy.shared).await?;
            let release = ReleaseId::new(&self.revision.version, &artifact);
            steps.push(Step::PlaceRelease(PlaceRelease {
                release: release.clone(),
                artifact,
                shared: deploy.shared.clone(),
            }));
            let how = if rebuilt { "rebuild" } else { "place the retained artifact of" };
            (release, format!("{how} {} and switch to it", self.revision.version), rebuilt)
        };
        steps.push(Step::SwitchRelease(SwitchRelease {
            to: release,
            from,
            reset_opcache: deploy.reset_opcache.clone(),
        }));
        Ok((code, rebuilt))
    }

    async fn by_script(&self, deploy: &ScriptDeploy, steps: &mut Vec<Step>) -> Result<(String, bool), Refusal> {
        let Some(rollback) = &deploy.rollback else {
            return Err(Refusal::new(
                Code::RollbackNotReady,
                "The service has no rollback script.",
                "The operator adds one to the inventory, or deploy the earlier version again.",
            ));
        };
        // The script of the live commit knows what that commit did; without one, that of the aim.
        let at = match self.live {
            Some(live) => way_back::revision_of(self.context, self.service, live).await?,
            None => self.revision.clone(),
        };
        let version = &self.revision.version;
        let values = Placeholders::new(version, &self.revision.commit, self.environment, self.target, Some(version));
        let host = script::host(self.context, self.target, deploy.runs);
        let call = script::call(self.context, self.service, rollback, &at, &values, host).await?;
        steps.push(Step::ExportCommit(ExportCommit { commit: at.commit, tree: at.tree }));
        let code = format!("run {} to go back to {}", call.path, self.revision.version);
        steps.push(Step::RunScript(RunScript { role: ScriptRole::Rollback, call, undo: None, in_release: None }));
        Ok((code, false))
    }
}
