//! `deploy_service`: bring a version to an environment; a dry run first, then the plan it made.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Action, Context, Describe, Proposal, Subject, Toolset, UNTIL_STAMPED, Wish,
    bounds::WaitSeconds,
    drafting::{
        artifact,
        facts::{self, Asked},
        gates,
        github_secrets::{self, Needed},
        migrations,
        mode::Mode,
        monitoring, obsolete, pages, script, secrets, version, way_back,
    },
    records::OperationView,
};
use crate::{
    domain::{
        clean::clean,
        effect::Effect,
        evidence::{Evidence, EvidenceKind, Outcome, Requirement},
        facts::Facts,
        inventory::{Deploy, Inventory, ReleaseDeploy, Runs, Script, ScriptDeploy, Service, Target},
        name::{EnvironmentName, ServiceName, SuiteName},
        plan::{Draft, PlanBody, PlanId, Purpose, RollbackPlan},
        refusal::{Code, Refusal},
        release::ReleaseId,
        snapshot::SnapshotId,
        step::{
            CheckE2e, CheckSmoke, ExportCommit, PlaceRelease, PruneReleases, RunScript, ScriptRole, Step,
            SwitchRelease, TakeSnapshot,
        },
        version::{Revision, Version},
    },
    world::{
        artifacts::{Artifact, ArtifactState},
        gates::Aim,
        github::Offer,
        scripts::Placeholders,
    },
};

/// How much of a rehearsal's output is shown, bytes.
const SHOWN: usize = 4000;

/// The tool.
#[derive(Debug)]
pub(super) struct DeployService;

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
    /// dry_run: the git tag or full commit id.
    #[serde(default)]
    version: Option<Version>,
    /// dry_run: where; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// dry_run: let the script say more.
    #[serde(default)]
    verbose: bool,
    /// execute: the plan id that the dry run returned.
    #[serde(default)]
    plan: Option<PlanId>,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for DeployService {
    const NAME: &'static str = "deploy_service";
    const TITLE: &'static str = "Deploy a service";
    const DESCRIPTION: &'static str = "Deploys a version. mode=dry_run (default) rehearses it, runs the gates, changes nothing, and \
        returns a plan id, blockers and the rollback plan. mode=execute takes only that plan id: it snapshots the databases, deploys, \
        checks, and rolls back by itself on failure. Production plans need a human's approval outside this chat.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for DeployService {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        if arguments.mode == Mode::Execute
            && arguments.plan.is_some()
            && (arguments.service.is_some() || arguments.version.is_some() || arguments.environment.is_some())
        {
            return Err(bad(
                "mode=execute takes the plan alone: what it deploys was fixed by the dry run.",
                "Leave out service, version and environment.",
            ));
        }
        arguments.mode.wish(Self::NAME, arguments.plan.as_ref(), arguments.wait_s)
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        let Some(name) = &arguments.service else {
            return Err(bad("The argument service is missing.", "Call list_services to see the names."));
        };
        let Some(version) = &arguments.version else {
            return Err(bad("The argument version is missing.", "Give a git tag or a full commit id."));
        };
        let (service, environment, _) = inventory.target(name, arguments.environment.as_ref())?;
        Ok(Subject {
            purpose: Purpose::Deploy,
            service: Some(service.name.clone()),
            environment: environment.clone(),
            version: Some(version.clone()),
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let subject = Self::subject(&arguments, context.reader.inventory())?;
        let inventory = context.reader.inventory();
        let (Some(name), Some(version)) = (&subject.service, &subject.version) else { return Err(super::unwritable()) };
        let (service, environment, target) = inventory.target(name, Some(&subject.environment))?;
        let revision = context.reader.fetch_version(service, version).await?;
        version::never_moved(context, service, environment, &revision).await?;
        (context.progress)(format!("{version} is commit {}", revision.commit));
        let case = Case { context, service, environment, target, revision: &revision };
        match &service.deploy {
            Deploy::Script(deploy) => case.by_script(deploy, arguments.verbose).await,
            Deploy::Release(deploy) => case.by_release(deploy).await,
        }
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        facts::again(plan, context).await
    }
}

fn bad(message: &str, fix: &str) -> Refusal {
    Refusal::new(Code::BadArgument, message, fix)
}

/// The output of a rehearsal, and behind it what gates say that are not green.
fn with_complaints(output: Option<String>, complaints: Vec<String>) -> Option<String> {
    output.into_iter().chain(complaints).reduce(|all, text| format!("{}\n{text}", all.trim_end()))
}

/// One deployment that is being drafted.
struct Case<'a> {
    context: Context<'a>,
    service: &'a Service,
    environment: &'a EnvironmentName,
    target: &'a Target,
    revision: &'a Revision,
}

impl Case<'_> {
    /// What evidence about this deployment is about: another commit or target never matches.
    fn subject(&self) -> String {
        format!("{} {} in {}", self.service.name, self.revision.commit, self.environment)
    }

    fn aim(&self) -> Aim<'_> {
        Aim { environment: self.environment, target: self.target }
    }

    fn placeholders(&self, rollback: &RollbackPlan) -> Placeholders {
        let previous = rollback.to.as_ref().map(|revision| &revision.version);
        Placeholders::new(&self.revision.version, &self.revision.commit, self.environment, self.target, previous)
    }

    async fn by_script(&self, deploy: &ScriptDeploy, verbose: bool) -> Result<Proposal, Refusal> {
        let (rollback, ready) =
            way_back::of_deployment(self.context, self.service, self.environment, self.target, &self.subject()).await?;
        let values = self.placeholders(&rollback);
        let host = script::host(self.context, self.target, deploy.runs);
        let mut call = script::call(self.context, self.service, &deploy.script, self.revision, &values, host).await?;
        let undo = match &deploy.rollback {
            // The rollback script of the commit that is being deployed knows what that commit did.
            Some(script) => Some(script::call(self.context, self.service, script, self.revision, &values, host).await?),
            None => None,
        };
        call.on_cancel = script::on_cancel(&deploy.script, undo.as_ref(), self.target);
        (self.context.progress)(format!("rehearsing {}", call.path));
        let say_more = deploy.verbose_argument.iter().filter(|_| verbose).cloned();
        let dry_run: Option<Vec<String>> =
            deploy.dry_run_argument.clone().map(|argument| std::iter::once(argument).chain(say_more).collect());
        let rehearsed = self
            .context
            .reader
            .rehearse(self.service, self.target, &call, dry_run.as_deref(), &self.subject(), UNTIL_STAMPED)
            .await?;
        let mut steps = self.snapshots();
        steps.push(Step::ExportCommit(self.export()));
        steps.push(Step::RunScript(RunScript { role: ScriptRole::Deploy, call, undo, in_release: None }));
        steps.push(self.smoke());
        steps.extend(self.looks());
        let evidence = vec![ready, rehearsed.evidence];
        let mut warnings = self.outlook([Some(&deploy.script), deploy.rollback.as_ref()]).await?;
        if let Some(warning) = self.not_executable(&deploy.script.path).await? {
            warnings.push(warning);
        }
        let (asked, complaints) = self.ask().await?;
        let output = rehearsed.output.map(|output| clean(&output.last(SHOWN)));
        self.proposal(steps, Some(rollback), evidence, asked, warnings, with_complaints(output, complaints)).await
    }

    async fn by_release(&self, deploy: &ReleaseDeploy) -> Result<Proposal, Refusal> {
        let (rollback, ready) =
            way_back::of_deployment(self.context, self.service, self.environment, self.target, &self.subject()).await?;
        let warnings = self.outlook([deploy.migrate.as_ref(), None]).await?;
        let (artifact, offer) = artifact::make(self.context, self.service, deploy, self.revision).await?;
        self.context.reader.check_release_target(self.target, &artifact.digest, &deploy.shared).await?;
        let release = ReleaseId::new(&self.revision.version, &artifact.digest);
        let from = self.context.reader.releases(self.target).await?.current;
        if from.as_ref() == Some(&release) {
            return Err(Refusal::new(
                Code::WrongState,
                "This release is live already.",
                "Nothing is to be done; call run_smoke to see whether it answers.",
            ));
        }
        let mut steps = self.snapshots();
        steps.push(Step::ExportCommit(self.export()));
        steps.push(Step::PlaceRelease(PlaceRelease {
            release: release.clone(),
            artifact: artifact.digest,
            shared: deploy.shared.clone(),
        }));
        if let Some(migrate) = &deploy.migrate {
            let values = self.placeholders(&rollback);
            // It needs the release that lies there.
            let host = script::host(self.context, self.target, Runs::OnHost);
            let call = script::call(self.context, self.service, migrate, self.revision, &values, host).await?;
            steps.push(Step::RunScript(RunScript {
                role: ScriptRole::Migrate,
                call,
                undo: None,
                in_release: Some(release.clone()),
            }));
        }
        steps.push(Step::SwitchRelease(SwitchRelease {
            to: release,
            from: from.clone(),
            reset_opcache: deploy.reset_opcache.clone(),
        }));
        steps.push(self.smoke());
        steps.extend(self.looks());
        steps.push(Step::PruneReleases(PruneReleases { keep: deploy.keep, protect: from }));
        let evidence = vec![ready, self.rehearsed_release(&artifact, offer.as_ref()).await?];
        let (asked, complaints) = self.ask().await?;
        let asked = Asked { offer, ..asked };
        let output = artifact.output.map(|output| clean(&output.last(SHOWN)));
        self.proposal(steps, Some(rollback), evidence, asked, warnings, with_complaints(output, complaints)).await
    }

    /// The dry run of a release: the artifact is built and whole, the target is laid out so that it can be switched, and nothing
    /// there was touched, because only steps touch it.
    async fn rehearsed_release(&self, artifact: &Artifact, offer: Option<&Offer>) -> Result<Evidence, Refusal> {
        let intact = self.context.reader.artifact_state(&artifact.digest).await? == ArtifactState::Intact;
        let outcome = if intact { Outcome::Pass } else { Outcome::Fail };
        Ok(Evidence {
            summary: format!(
                "artifact {} with {} files, {} bytes{}",
                artifact.digest.short(),
                artifact.files,
                artifact.bytes,
                offer.map(|offer| format!(", from {}", offer.fact())).unwrap_or_default(),
            ),
            counters: [("files".to_owned(), artifact.files), ("bytes".to_owned(), artifact.bytes)].into(),
            collector: DeployService::NAME.to_owned(),
            raw_digest: Some(artifact.digest),
            ..self.context.reader.evidence(EvidenceKind::DryRun, &self.subject(), outcome, UNTIL_STAMPED)
        })
    }

    /// What its scripts and migrations would do to the databases, and what would keep it from succeeding. Refuses commands that cannot work any more.
    async fn outlook(&self, scripts: [Option<&Script>; 2]) -> Result<Vec<String>, Refusal> {
        let mariadb = obsolete::has_mariadb(self.context.reader.inventory(), self.target);
        let mut warnings = migrations::of_deployment(self.context, self.service, self.target, self.revision).await?;
        for wanted in scripts.into_iter().flatten() {
            let file = script::file(self.context, self.service, &self.revision.commit, &wanted.path).await?;
            let text = String::from_utf8_lossy(&file.bytes);
            warnings.extend(obsolete::check(wanted.path.as_str(), &text, &wanted.arguments, mariadb)?);
        }
        warnings.extend(monitoring::warning(self.context, self.service, self.environment).await);
        Ok(warnings)
    }

    /// A snapshot of every database, before anything changes.
    fn snapshots(&self) -> Vec<Step> {
        let now = self.context.reader.now();
        let take = |database: &crate::domain::name::DatabaseName| {
            let snapshot = SnapshotId::new(database, now, super::random());
            Step::TakeSnapshot(TakeSnapshot { database: database.clone(), snapshot })
        };
        self.target.databases.iter().map(take).collect()
    }

    fn export(&self) -> ExportCommit {
        ExportCommit { commit: self.revision.commit.clone(), tree: self.revision.tree.clone() }
    }

    fn smoke(&self) -> Step {
        Step::CheckSmoke(CheckSmoke { version: self.revision.version.clone() })
    }

    /// The suites that decide about a deployment.
    fn end_to_end(&self) -> Option<Step> {
        let deciding = self.service.e2e.iter().filter(|suite| suite.after_deploy);
        let suites: Vec<SuiteName> = deciding.map(|suite| suite.name.clone()).collect();
        (!suites.is_empty()).then(|| Step::CheckE2e(CheckE2e { suites, commit: self.revision.commit.clone() }))
    }

    /// What is looked at once the service answers.
    fn looks(&self) -> impl Iterator<Item = Step> {
        let monitoring = monitoring::step(self.context, self.environment, &self.revision.version);
        [self.end_to_end(), pages::measured(self.service), pages::shown(self.service), monitoring].into_iter().flatten()
    }

    async fn not_executable(&self, path: &crate::domain::inventory::RelativePath) -> Result<Option<String>, Refusal> {
        let file = script::file(self.context, self.service, &self.revision.commit, path).await?;
        Ok((!file.executable)
            .then(|| format!("{path} is not executable in git: run `git update-index --chmod=+x {path}` and commit")))
    }

    /// What gates and GitHub say, and what gates say that are not green.
    async fn ask(&self) -> Result<(Asked, Vec<String>), Refusal> {
        let (gates, complaints) = gates::run(self.context, self.service, self.revision, Some(self.aim())).await?;
        let on_github = github_secrets::look(self.context, self.service, self.environment).await;
        Ok((Asked { gates, github_secrets: Some(on_github), offer: None }, complaints))
    }

    fn needs_secrets(&self) -> bool {
        !self.service.secrets.is_empty() || !self.service.github_secrets.is_empty()
    }

    async fn secrets(&self, on_github: &Result<Vec<Needed>, Refusal>) -> Evidence {
        let mut missing = secrets::missing(self.context, &self.service.secrets).await;
        if let Ok(needed) = on_github {
            missing.extend(github_secrets::missing(needed).map(|name| format!("{name} (on GitHub)")));
        }
        let (outcome, summary) = match (on_github, missing.is_empty()) {
            (_, false) => (Outcome::Fail, format!("missing: {}", missing.join(", "))),
            (Err(refusal), true) => (Outcome::Inconclusive, refusal.message.clone()),
            (Ok(needed), true) => (Outcome::Pass, format!("all {} exist", self.service.secrets.len() + needed.len())),
        };
        Evidence {
            summary,
            collector: DeployService::NAME.to_owned(),
            ..self.context.reader.evidence(EvidenceKind::Secrets, &self.subject(), outcome, UNTIL_STAMPED)
        }
    }

    async fn proposal(
        &self,
        steps: Vec<Step>,
        rollback: Option<RollbackPlan>,
        mut evidence: Vec<Evidence>,
        asked: Asked,
        mut warnings: Vec<String>,
        untrusted_text: Option<String>,
    ) -> Result<Proposal, Refusal> {
        if asked.gates.is_empty() {
            warnings.push(format!("Service {} has no gate: nothing was checked about the commit.", self.service.name));
        }
        evidence.extend(asked.gates.iter().cloned());
        if let Some(on_github) = asked.github_secrets.as_ref().filter(|_| self.needs_secrets()) {
            evidence.push(self.secrets(on_github).await);
        }
        let case = facts::Case {
            purpose: Purpose::Deploy,
            service: self.service,
            environment: self.environment,
            target: self.target,
            revision: self.revision,
        };
        let facts = facts::gather(self.context, case, &steps, asked).await?;
        let own = |kind| Requirement { kind, subject: self.subject() };
        let mut requirements = vec![own(EvidenceKind::DryRun), own(EvidenceKind::RollbackReady)];
        if self.needs_secrets() {
            requirements.push(own(EvidenceKind::Secrets));
        }
        requirements.extend(gates::required(self.context, self.service, &self.revision.commit, Some(self.aim())));
        requirements.extend(
            self.target
                .databases
                .iter()
                .map(|database| Requirement { kind: EvidenceKind::Snapshot, subject: database.to_string() }),
        );
        let draft = Draft {
            purpose: Purpose::Deploy,
            service: Some(self.service.name.clone()),
            environment: self.environment.clone(),
            revision: Some(self.revision.clone()),
            facts,
            requirements,
            steps,
            rollback,
            warnings,
        };
        Ok(Proposal { draft, evidence, untrusted_text })
    }
}
