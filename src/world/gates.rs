//! Quality gates: commands that must end with exit code 0 in a clean export of the commit.

use std::time::Duration;

use super::{
    Reader, WorldError,
    process::{self, Captured, Ending, Invocation},
};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Gate, Service},
    time::Time,
    version::Revision,
};

/// A gate that was run.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRun {
    /// What it proves; its subject is `<gate>@<commit>`.
    pub evidence: Evidence,
    /// What it wrote; others wrote it, and it is not redacted.
    pub output: Option<Captured>,
}

impl Reader<'_> {
    /// Runs a gate without any secret. What could not be run to its end is inconclusive.
    pub async fn run_gate(
        &self,
        service: &Service,
        gate: &Gate,
        revision: &Revision,
        valid_s: u32,
    ) -> Result<GateRun, WorldError> {
        let scratch = self.scratch("gate-")?;
        let export = scratch.path().join("export");
        self.export_to(service, &revision.commit, Some(&revision.tree), &export).await?;
        let timeout = Duration::from_secs(u64::from(gate.timeout_s));
        let ran = process::run(Invocation::of(&gate.command, &export, timeout)?).await;
        let (outcome, summary) = match &ran {
            Ok(run) if run.ending.is_success() => (Outcome::Pass, format!("Gate {} is green.", gate.name)),
            Ok(run) if run.ending == Ending::TimedOut => {
                (Outcome::Inconclusive, format!("Gate {} did not end within {} s.", gate.name, gate.timeout_s))
            }
            Ok(run) => (Outcome::Fail, format!("Gate {} ended by {}.", gate.name, run.ending.describe())),
            Err(error) => (Outcome::Inconclusive, format!("Gate {} could not run: {}.", gate.name, error.problem)),
        };
        let mut evidence =
            self.evidence(EvidenceKind::Gate, &format!("{}@{}", gate.name, revision.commit), outcome, valid_s);
        evidence.summary = summary;
        evidence.collector.push_str("run_gate");
        let output = ran.ok().map(|run| {
            evidence.counters.insert("duration_ms".to_owned(), run.duration_ms);
            evidence.raw_digest = Some(run.output.digest);
            run.output
        });
        Ok(GateRun { evidence, output })
    }

    /// An evidence collected now, to be filled in.
    pub(crate) fn evidence(self, kind: EvidenceKind, subject: &str, outcome: Outcome, valid_s: u32) -> Evidence {
        let now: Time = self.now();
        Evidence {
            kind,
            subject: subject.to_owned(),
            outcome,
            summary: String::new(),
            counters: std::collections::BTreeMap::new(),
            collected_at: now,
            valid_until: now.plus_s(i64::from(valid_s)),
            collector: String::new(),
            raw_digest: None,
        }
    }
}
