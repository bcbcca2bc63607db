//! Why something was refused, and what to do instead.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stable code of a refusal. Clients may match on it; codes are added, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// An argument is missing, unknown, of the wrong type or out of bounds.
    BadArgument,
    /// A name is not in the inventory.
    UnknownName,
    /// There is no operation, plan, snapshot or release with that id.
    NotFound,
    /// A version, tag or commit does not exist in the repository.
    UnknownVersion,
    /// The server runs read-only, or the tool is switched off.
    ReadOnly,
    /// The caller's token lacks the scope.
    Forbidden,
    /// The server has no configuration yet.
    Unconfigured,
    /// There is no dry run that the execution could rest on.
    DryRunMissing,
    /// The dry run failed, changed the target, or is unsupported.
    DryRunFailed,
    /// A fact that the plan binds has changed.
    PlanStale,
    /// The plan's time has run out.
    PlanExpired,
    /// A human has to approve the plan first.
    ApprovalRequired,
    /// A human said no.
    ApprovalDenied,
    /// The approver is the requester.
    SelfApproval,
    /// The plan is approved, but the time that its environment waits after an approval is not over.
    WaitNotOver,
    /// A required snapshot is missing, stale or not verified.
    BackupMissing,
    /// A quality gate is not green.
    GatesNotGreen,
    /// There is no way back: the rollback plan is missing or cannot work.
    RollbackNotReady,
    /// A required secret does not exist.
    SecretMissing,
    /// A secret's value would have been part of a plan.
    SecretInPlan,
    /// Outside the deployment window, or inside a freeze.
    WindowClosed,
    /// This version was rolled back; deploy the fix under a new tag.
    VersionRolledBack,
    /// Another operation holds the lock of the service.
    Locked,
    /// The service is frozen after a failed rollback, or needs a human's decision.
    ServiceFrozen,
    /// The operator has stopped all changes.
    Halted,
    /// The ledger cannot be written, so nothing may be changed.
    AuditUnavailable,
    /// Too many calls; try again later.
    RateLimited,
    /// A path leaves its root, is not a regular file, or may not be read.
    PathRefused,
    /// The outside part cannot do what was asked.
    Unsupported,
    /// An outside part failed or did not answer.
    WorldFailed,
    /// A host could not be reached; nothing was asked of it.
    HostUnreachable,
    /// The connection to a host ended before the answer: what it did is not known.
    ConnectionLost,
    /// A host proved to hold another key than those that are known of it, or a revoked one.
    HostKeyMismatch,
    /// Nothing is known of a host's keys, so nothing can prove that it is the host.
    HostKeyUnknown,
    /// GitHub refused: the token, a permission, or what was asked.
    #[serde(rename = "GITHUB_REFUSED")]
    GitHubRefused,
    /// GitHub cannot be reached, limits our calls, or gave an answer that cannot be used.
    #[serde(rename = "GITHUB_UNAVAILABLE")]
    GitHubUnavailable,
    /// An artifact is not there, is not of the commit, or is not what was promised.
    ArtifactRefused,
    /// The name of a tag is not as the policy wants it, or it is taken.
    TagRefused,
    /// The state does not allow that transition.
    WrongState,
    /// Too many secrets were asked for in one session.
    SessionStopped,
    /// What is deployed is not well: a check of it did not pass.
    NotHealthy,
}

impl Code {
    /// The code as clients see it, for example `PLAN_STALE`.
    pub fn as_text(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A call that makes sense now, offered to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextCall {
    /// The tool's name.
    pub tool: String,
    /// The arguments to call it with.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// What the call is good for.
    pub why: String,
}

impl NextCall {
    /// A call of `tool` with `arguments` (a JSON object; anything else counts as none).
    pub fn new(tool: &str, arguments: serde_json::Value, why: impl Into<String>) -> Self {
        let arguments = match arguments {
            serde_json::Value::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        Self { tool: tool.to_owned(), arguments, why: why.into() }
    }
}

/// A refusal: what the caller can fix. It becomes a tool result with `isError`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What is wrong, in one sentence, without any argument's value.
    pub message: String,
    /// What to do about it, as an instruction.
    pub fix: String,
    /// The facts the refusal rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The calls that make sense now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextCall>,
}

impl Refusal {
    /// A refusal with its fix.
    pub fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: fix.into(), evidence: Vec::new(), next: Vec::new() }
    }
    /// Adds a fact.
    pub fn with_evidence(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }
    /// Adds a next call.
    pub fn with_next(mut self, next: NextCall) -> Self {
        self.next.push(next);
        self
    }
    /// A name that is not in the inventory, with the nearest known ones.
    pub fn unknown_name<'a>(kind: &str, wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let near = super::name::nearest(wanted, known);
        let (list, arguments) = match kind {
            "database" | "host" | "mailbox" | "root" => {
                ("list_services section=resources", serde_json::json!({ "section": "resources" }))
            }
            _ => ("list_services", serde_json::json!({})),
        };
        let fix = if near.is_empty() {
            format!("Call {list} to see every {kind}.")
        } else {
            format!("Did you mean {}? Call {list} to see every {kind}.", near.join(" or "))
        };
        Self::new(Code::UnknownName, format!("There is no such {kind} in the inventory."), fix)
            .with_next(NextCall::new("list_services", arguments, "see the inventory"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} Fix: {}", self.code.as_text(), self.message, self.fix)
    }
}
