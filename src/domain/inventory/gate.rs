//! Quality gates.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    super::{evidence::EvidenceKind, name::GateName, results::Format},
    RelativePath,
};

/// What has to be green before a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Its name.
    pub name: GateName,
    /// What is looked at.
    #[serde(flatten)]
    pub kind: GateKind,
}

/// What a gate looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GateKind {
    /// A command that must end with exit code 0 in a clean export of the commit.
    Command(CommandGate),
    /// Check runs and statuses of the commit on GitHub.
    Checks(ChecksGate),
    /// The pull request that brought the commit, on GitHub.
    Review(ReviewGate),
    /// Security alerts of the repository on GitHub.
    Alerts(AlertsGate),
    /// The tag that is deployed, as the repository here holds it.
    SignedTag(SignedTagGate),
    /// The room on the disk and within the quotas of the host.
    Space,
    /// The snapshots of the target's databases: each as young as its `snapshot_max_age` wants.
    Snapshots,
    /// The notice that users got of the deployment window.
    Notice(NoticeGate),
}

/// A command that must end with exit code 0 in a clean export of the commit, and whose reports must agree with that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandGate {
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// How long it may take, with its preparation, seconds.
    pub timeout_s: u32,
    /// A command that makes the export ready before. When it fails, nothing was tested.
    pub prepare: Option<Vec<String>>,
    /// Directories in which programs are looked for before the usual ones.
    pub path: Vec<PathBuf>,
    /// The reports that it writes, below the export. `*` and `?` stand for any text and any character of a name.
    pub reports: Vec<RelativePath>,
    /// How its reports, or its output when there are none, are written; recognised by the content when it is not given.
    pub format: Option<Format>,
    /// How many tests must have passed at least.
    pub minimum_tests: Option<u32>,
}

impl CommandGate {
    /// A command of which only the exit code is known to count.
    pub fn new(command: Vec<String>, timeout_s: u32) -> Self {
        let (prepare, format, minimum_tests) = (None, None, None);
        Self { command, timeout_s, prepare, path: Vec::new(), reports: Vec::new(), format, minimum_tests }
    }
}

/// Check runs and statuses of the commit on GitHub. Only the conclusion `success` is green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChecksGate {
    /// The checks that must be there, by name, or by the context of a status. None: all that there are, and at least one.
    pub checks: Vec<String>,
    /// Workflows, by the path of their file, whose newest run for the commit must have succeeded.
    pub workflows: Vec<String>,
}

/// The pull request that brought the commit: merged, approved by others than its author, and nobody wants changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewGate {
    /// How many people must have approved its last state.
    pub approvals: u32,
    /// Whether an owner of every changed path must be among them, as CODEOWNERS says.
    pub code_owners: bool,
}

/// Security alerts: none may be open that is as severe as this or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertsGate {
    /// The least severity that blocks.
    pub severity: AlertSeverity,
    /// What is looked at.
    pub sources: Vec<AlertSource>,
}

/// The version must be an annotated tag that one of these signed with an SSH key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedTagGate {
    /// Who may sign: a file in the format of ssh-keygen(1), ALLOWED SIGNERS.
    pub allowed_signers: PathBuf,
}

/// A notice of a window that the present is in must have been recorded, early enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeGate {
    /// How long before the window it must have been sent, minutes.
    pub lead_min: u32,
}

/// How severe a security alert is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// `low`.
    Low,
    /// `medium`, and `warning` of code scanning.
    Medium,
    /// `high`, and `error` of code scanning.
    High,
    /// `critical`; and every leaked secret.
    Critical,
}

/// Who raises security alerts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// Dependencies with known vulnerabilities.
    Dependabot,
    /// Findings in the code.
    CodeScanning,
    /// Secrets that were committed.
    SecretScanning,
}

impl AlertSeverity {
    /// All of them, the least severe first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl AlertSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dependabot, Self::CodeScanning, Self::SecretScanning];

    /// What it is called in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dependabot => "Dependabot",
            Self::CodeScanning => "code scanning",
            Self::SecretScanning => "secret scanning",
        }
    }
}

impl GateKind {
    /// Whether it looks at the commit, not at where it is to go or at the tag that names it. A new tag needs only such.
    pub fn about_commit(&self) -> bool {
        !matches!(self, Self::Space | Self::Snapshots | Self::Notice(_) | Self::SignedTag(_))
    }

    /// Whether it may say something else of the same commit a moment later, because others keep what it looks at. Plans are bound to
    /// what it says.
    pub fn may_turn(&self) -> bool {
        !matches!(self, Self::Command(_))
    }

    /// The kind of evidence it gives; how long that counts is the policy's.
    pub fn evidence(&self) -> EvidenceKind {
        match self {
            Self::Command(_) | Self::SignedTag(_) => EvidenceKind::Gate,
            Self::Checks(_) | Self::Review(_) => EvidenceKind::RemoteGate,
            Self::Alerts(_) => EvidenceKind::AlertGate,
            Self::Space | Self::Snapshots | Self::Notice(_) => EvidenceKind::PlaceGate,
        }
    }
}
