//! Quality gates, by what they look at: [`command`] runs here, the others ask GitHub.

mod command;
mod report;

use super::{Reader, WorldError, process::Captured};
use crate::domain::{
    clean::{clean, clean_line},
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Gate, GateKind, Service},
    time::Time,
    version::Revision,
};

/// A gate that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRun {
    /// What it proves; its subject is `<gate>@<commit>`.
    pub evidence: Evidence,
    /// What it wrote; others wrote it, and it is not redacted.
    pub output: Option<Captured>,
    /// The tests that failed, by name, as far as they are known; others wrote it, and it is not redacted.
    pub failing: Vec<String>,
}

/// How many tests that failed are named.
const NAMED: usize = 20;
/// How much of the output of a gate is shown that is not green, bytes.
const SHOWN: usize = 1000;

impl GateRun {
    /// What a gate that is not green has to say: the tests that failed, or else the end of its output. Others wrote it; it is cleaned
    /// and not redacted.
    pub fn complaint(&self) -> Option<String> {
        if self.evidence.outcome == Outcome::Pass {
            return None;
        }
        let gate = self.evidence.subject.split('@').next().unwrap_or_default();
        if self.failing.is_empty() {
            let end = self.output.as_ref().map(|output| clean(&output.last(SHOWN)))?;
            return (!end.trim().is_empty()).then(|| format!("Gate {gate} wrote:\n{end}"));
        }
        let mut lines = vec![format!("Gate {gate}, tests that failed:")];
        lines.extend(self.failing.iter().take(NAMED).map(|name| clean_line(name)));
        if self.failing.len() > NAMED {
            lines.push("[and more]".to_owned());
        }
        Some(lines.join("\n"))
    }
}

impl Reader<'_> {
    /// Looks at a gate. What could not be seen to its end is inconclusive.
    pub async fn run_gate(
        &self,
        service: &Service,
        gate: &Gate,
        revision: &Revision,
        valid_s: u32,
    ) -> Result<GateRun, WorldError> {
        let subject = format!("{}@{}", gate.name, revision.commit);
        let mut evidence = self.evidence(gate.kind.evidence(), &subject, Outcome::Inconclusive, valid_s);
        evidence.collector.push_str("run_gate");
        match &gate.kind {
            GateKind::Command(command) => self.run_command(service, &gate.name, command, revision, evidence).await,
            GateKind::Checks(_) | GateKind::Review(_) | GateKind::Alerts(_) => {
                evidence.summary = format!("Gate {} asks GitHub.", gate.name);
                Ok(GateRun { evidence, output: None, failing: Vec::new() })
            }
        }
    }

    /// What a gate that others keep says now, in a few words: a plan is bound to it, for it may change at any time. None for a
    /// gate that is run here, which says the same of the same commit.
    pub async fn gate_state(
        &self,
        service: &Service,
        gate: &Gate,
        revision: &Revision,
    ) -> Result<Option<String>, WorldError> {
        if let GateKind::Command(_) = gate.kind {
            return Ok(None);
        }
        let run = self.run_gate(service, gate, revision, 0).await?;
        Ok(Some(format!("{:?}: {}", run.evidence.outcome, run.evidence.summary)))
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
