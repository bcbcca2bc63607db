//! The steps of a plan, as values. What a step does, proves and undoes stands in `steps/<step>.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::check::{CheckE2e, CheckLighthouse, CheckMonitoring, CheckSmoke, CheckVisual};
use super::{
    digest::Digest,
    effect::Effect,
    github_deployment::TellDeployment,
    inventory::{OnCancel, RelativePath, WebRoot},
    issue::{CloseIssue, CommentIssue, OpenIncident, TellProgress},
    name::{DatabaseName, HostName, MonitorName, PageName, SecretName, SuiteName},
    notice::Notify,
    operation::OperationId,
    release::ReleaseId,
    snapshot::SnapshotId,
    version::Version,
};

/// How a step behaves when it is repeated; it decides what happens after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepClass {
    /// Reads only: may be repeated at will.
    ReadOnly,
    /// Doing it twice is doing it once.
    Idempotent,
    /// Must not start twice; a probe finds out whether it did.
    AtMostOnce,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Step {
    /// Take a snapshot of a database and verify it.
    TakeSnapshot(TakeSnapshot),
    /// Export a commit into the operation's own directory.
    ExportCommit(ExportCommit),
    /// Run a script detached, at most once.
    RunScript(RunScript),
    /// Put an artifact into a new release directory.
    PlaceRelease(PlaceRelease),
    /// Make a release the live one.
    SwitchRelease(SwitchRelease),
    /// Remove old releases.
    PruneReleases(PruneReleases),
    /// Replace a database by a snapshot.
    RestoreDatabase(RestoreDatabase),
    /// Check the service from outside.
    CheckSmoke(CheckSmoke),
    /// Run end-to-end tests against the service.
    CheckE2e(CheckE2e),
    /// Measure pages of the service with Lighthouse.
    CheckLighthouse(CheckLighthouse),
    /// Compare pages of the service with what was accepted.
    CheckVisual(CheckVisual),
    /// Ask monitors whether anything is wrong with the service.
    CheckMonitoring(CheckMonitoring),
    /// Tell in an issue how an operation went.
    CommentIssue(CommentIssue),
    /// Open an issue for an operation that went wrong.
    OpenIncident(OpenIncident),
    /// Close an issue.
    CloseIssue(CloseIssue),
    /// Give a commit an annotated tag.
    CreateTag(CreateTag),
    /// Write the report of an operation.
    WriteReport(WriteReport),
    /// Tell in the issue about all deployments of a service how an operation goes.
    TellProgress(TellProgress),
    /// Keep a deployment on GitHub in step with an operation.
    TellDeployment(TellDeployment),
    /// Tell a channel about an operation.
    Notify(Notify),
}

/// Take a snapshot of a database and verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakeSnapshot {
    /// The database.
    pub database: DatabaseName,
    /// The id the snapshot gets.
    pub snapshot: SnapshotId,
}

/// Export a commit into the operation's own directory, without git's metadata and without hooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportCommit {
    /// The commit.
    pub commit: String,
    /// The tree the export must have.
    pub tree: String,
}

/// Why a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScriptRole {
    /// It deploys.
    Deploy,
    /// It goes back.
    Rollback,
    /// It migrates databases.
    Migrate,
}

/// One exact call of a script: the bytes, not the path, are what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptCall {
    /// Where it lies in the repository.
    pub path: RelativePath,
    /// The commit whose export is its working directory.
    pub commit: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The interpreter of its first line, with its arguments.
    pub interpreter: Vec<String>,
    /// Its arguments, final.
    pub arguments: Vec<String>,
    /// Its environment besides secrets, final.
    pub environment: BTreeMap<String, String>,
    /// The secrets it gets as environment variables.
    pub secrets: Vec<SecretName>,
    /// How long it may take, seconds; then its process group is ended.
    pub timeout_s: u32,
    /// The host over SSH that it runs on; the machine of this server, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// What a cancellation does with it while it runs.
    #[serde(default, skip_serializing_if = "OnCancel::is_wait")]
    pub on_cancel: OnCancel,
}

/// Run a script detached, at most once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunScript {
    /// Why.
    pub role: ScriptRole,
    /// What.
    pub call: ScriptCall,
    /// What takes it back, when it must be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<ScriptCall>,
    /// The directory it runs in: the commit's export, or the new release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_release: Option<ReleaseId>,
}

/// Put an artifact into a new release directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRelease {
    /// The release.
    pub release: ReleaseId,
    /// The artifact, by the digest of its tree, from our artifact store.
    pub artifact: Digest,
    /// What is linked from `shared`.
    pub shared: Vec<RelativePath>,
}

/// Make a release the live one, by an atomic rename of the `current` link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchRelease {
    /// The release that becomes live.
    pub to: ReleaseId,
    /// The release that was live, and is again when this is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ReleaseId>,
    /// Which directory the URL shows, when PHP's OPcache is reset after the switch, and after it is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_opcache: Option<WebRoot>,
}

/// Remove old releases, never the live one, never the one to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PruneReleases {
    /// How many are kept besides the live one.
    pub keep: u32,
    /// A release that stays in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect: Option<ReleaseId>,
}

/// Replace a database by a snapshot; the present state is snapshotted before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreDatabase {
    /// The database.
    pub database: DatabaseName,
    /// The snapshot it gets.
    pub snapshot: SnapshotId,
    /// The digest of the snapshot's stored file.
    pub digest: Digest,
}

/// Give a commit an annotated tag, on GitHub and in the repository here. A tag that exists is never moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateTag {
    /// The tag's name.
    pub tag: Version,
    /// The commit it names.
    pub commit: String,
    /// What the tag's object says, redacted.
    pub message: String,
    /// Who signs it, when it is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Tagger>,
}

/// Who signs a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tagger {
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: String,
    /// The fingerprint of their key, as `SHA256:…`.
    pub key: String,
}

/// Write the report of an operation that has ended, from what the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteReport {
    /// The operation.
    pub operation: OperationId,
}

impl Step {
    /// The name of the step, as the file in `steps/` is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TakeSnapshot(_) => "take_snapshot",
            Self::ExportCommit(_) => "export_commit",
            Self::RunScript(_) => "run_script",
            Self::PlaceRelease(_) => "place_release",
            Self::SwitchRelease(_) => "switch_release",
            Self::PruneReleases(_) => "prune_releases",
            Self::RestoreDatabase(_) => "restore_database",
            Self::CheckSmoke(_) => "check_smoke",
            Self::CheckE2e(_) => "check_e2e",
            Self::CheckLighthouse(_) => "check_lighthouse",
            Self::CheckVisual(_) => "check_visual",
            Self::CheckMonitoring(_) => "check_monitoring",
            Self::CommentIssue(_) => "comment_issue",
            Self::OpenIncident(_) => "open_incident",
            Self::CloseIssue(_) => "close_issue",
            Self::CreateTag(_) => "create_tag",
            Self::WriteReport(_) => "write_report",
            Self::TellProgress(_) => "tell_progress",
            Self::TellDeployment(_) => "tell_deployment",
            Self::Notify(_) => "notify",
        }
    }

    /// What happens when it is repeated.
    pub fn class(&self) -> StepClass {
        match self {
            Self::CheckSmoke(_)
            | Self::CheckE2e(_)
            | Self::CheckLighthouse(_)
            | Self::CheckVisual(_)
            | Self::CheckMonitoring(_) => StepClass::ReadOnly,
            Self::RunScript(_) | Self::RestoreDatabase(_) => StepClass::AtMostOnce,
            Self::TakeSnapshot(_)
            | Self::ExportCommit(_)
            | Self::PlaceRelease(_)
            | Self::SwitchRelease(_)
            | Self::PruneReleases(_)
            | Self::CommentIssue(_)
            | Self::OpenIncident(_)
            | Self::CloseIssue(_)
            | Self::CreateTag(_)
            | Self::WriteReport(_)
            | Self::Notify(_)
            | Self::TellProgress(_)
            | Self::TellDeployment(_) => StepClass::Idempotent,
        }
    }

    /// The worst it can do.
    pub fn effect(&self) -> Effect {
        match self {
            Self::CheckSmoke(_)
            | Self::CheckE2e(_)
            | Self::CheckLighthouse(_)
            | Self::CheckVisual(_)
            | Self::CheckMonitoring(_) => Effect::Observe,
            Self::RestoreDatabase(_) => Effect::Destroy,
            Self::TakeSnapshot(_)
            | Self::ExportCommit(_)
            | Self::RunScript(_)
            | Self::PlaceRelease(_)
            | Self::SwitchRelease(_)
            | Self::PruneReleases(_)
            | Self::CommentIssue(_)
            | Self::OpenIncident(_)
            | Self::CloseIssue(_)
            | Self::CreateTag(_)
            | Self::WriteReport(_)
            | Self::Notify(_)
            | Self::TellProgress(_)
            | Self::TellDeployment(_) => Effect::Change,
        }
    }

    /// Whether it only adds something of our own (snapshots, exports, words), so that failing after it needs no way back.
    pub fn only_adds(&self) -> bool {
        matches!(
            self,
            Self::TakeSnapshot(_)
                | Self::ExportCommit(_)
                | Self::CheckSmoke(_)
                | Self::CheckE2e(_)
                | Self::CheckLighthouse(_)
                | Self::CheckVisual(_)
                | Self::CheckMonitoring(_)
                | Self::PlaceRelease(_)
                | Self::CommentIssue(_)
                | Self::OpenIncident(_)
                | Self::CloseIssue(_)
                | Self::CreateTag(_)
                | Self::WriteReport(_)
                | Self::TellProgress(_)
                | Self::TellDeployment(_)
                | Self::Notify(_)
        )
    }

    /// Whether it looks longer at a service that answers: it is left out where the deployment has failed already, and ended when that is
    /// cancelled.
    pub fn is_long_look(&self) -> bool {
        matches!(self, Self::CheckE2e(_) | Self::CheckLighthouse(_) | Self::CheckVisual(_) | Self::CheckMonitoring(_))
    }

    /// Whether it takes a snapshot: those do not wait for each other.
    pub fn is_snapshot(&self) -> bool {
        matches!(self, Self::TakeSnapshot(_))
    }

    /// One sentence for a human.
    pub fn summary(&self) -> String {
        match self {
            Self::TakeSnapshot(s) => format!("snapshot database {} and verify it by restoring", s.database),
            Self::ExportCommit(s) => format!("export commit {}", s.commit.get(..12).unwrap_or(&s.commit)),
            Self::RunScript(s) => {
                let host = s.call.host.as_ref().map(|host| format!(" on host {host}")).unwrap_or_default();
                format!("run {} ({}){host}", s.call.path, s.call.digest.short())
            }
            Self::PlaceRelease(s) => format!("place release {}", s.release),
            Self::SwitchRelease(s) => {
                let reset = if s.reset_opcache.is_some() { " and reset PHP's OPcache" } else { "" };
                format!("switch to release {}{reset}", s.to)
            }
            Self::PruneReleases(s) => format!("keep {} old releases", s.keep),
            Self::RestoreDatabase(s) => format!("restore database {} from {}", s.database, s.snapshot),
            Self::CheckSmoke(s) => format!("smoke checks, expecting {}", s.version),
            Self::CheckE2e(s) => {
                let suites: Vec<&str> = s.suites.iter().map(SuiteName::as_str).collect();
                format!("end-to-end tests: {}", suites.join(", "))
            }
            Self::CheckLighthouse(s) => format!("measure {} with Lighthouse", names(&s.pages)),
            Self::CheckVisual(s) => format!("compare the looks of {} with what was accepted", names(&s.pages)),
            Self::CheckMonitoring(s) => {
                let names: Vec<&str> = s.monitors.iter().map(MonitorName::as_str).collect();
                format!("ask {} for alerts, for {} s", names.join(", "), s.watch_s)
            }
            Self::CommentIssue(s) => format!("tell in issue {} how operation {} went", s.issue, s.about.operation),
            Self::OpenIncident(s) => format!("open an incident for operation {}", s.about.operation),
            Self::CloseIssue(s) => format!("close issue {}", s.issue),
            Self::Notify(s) => format!("tell channel {}: {}", s.channel, s.about()),
            Self::CreateTag(s) => {
                let signed = s.signer.as_ref().map(|signer| format!(", signed by {} with {}", signer.name, signer.key));
                let commit = s.commit.get(..12).unwrap_or(&s.commit);
                format!("tag commit {commit} as {}{}", s.tag, signed.unwrap_or_default())
            }
            Self::WriteReport(s) => format!("write the report of operation {}", s.operation),
            Self::TellProgress(s) => {
                format!("tell in the issue about {} how operation {} goes", s.service, s.about.operation)
            }
            Self::TellDeployment(s) => {
                format!("tell GitHub that operation {} is {}", s.about.operation, s.standing.as_text())
            }
        }
    }
}

fn names(pages: &[PageName]) -> String {
    pages.iter().map(PageName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_where_it_runs_and_old_plans_mean_this_machine() {
        let old = serde_json::json!({
            "step": "run_script",
            "role": "deploy",
            "call": {
                "path": "deploy.sh",
                "commit": "c",
                "digest": Digest::of(b""),
                "interpreter": ["sh"],
                "arguments": [],
                "environment": {},
                "secrets": [],
                "timeout_s": 1,
            },
        });
        let mut step: Step = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(serde_json::to_value(&step).unwrap(), old, "their digest stays");
        assert_eq!(step.summary(), format!("run deploy.sh ({})", Digest::of(b"").short()));
        let Step::RunScript(run) = &mut step else { panic!() };
        run.call.host = Some("web".parse().unwrap());
        assert!(step.summary().ends_with(" on host web"));
    }
}
