//! Commands that must end with exit code 0 in a clean export of the commit.

use std::time::Duration;

use super::{
    super::{
        Reader, WorldError,
        process::{self, Ending, Invocation},
    },
    GateRun,
};
use crate::domain::{
    evidence::{Evidence, Outcome},
    inventory::{CommandGate, Service},
    name::GateName,
    version::Revision,
};

impl Reader<'_> {
    /// Runs the command without any secret.
    pub(super) async fn run_command(
        &self,
        service: &Service,
        name: &GateName,
        gate: &CommandGate,
        revision: &Revision,
        mut evidence: Evidence,
    ) -> Result<GateRun, WorldError> {
        let scratch = self.scratch("gate-")?;
        let export = scratch.path().join("export");
        self.export_to(service, &revision.commit, Some(&revision.tree), &export).await?;
        let timeout = Duration::from_secs(u64::from(gate.timeout_s));
        let ran = process::run(Invocation::of(&gate.command, &export, timeout)?).await;
        (evidence.outcome, evidence.summary) = match &ran {
            Ok(run) if run.ending.is_success() => (Outcome::Pass, format!("Gate {name} is green.")),
            Ok(run) if run.ending == Ending::TimedOut => {
                (Outcome::Inconclusive, format!("Gate {name} did not end within {} s.", gate.timeout_s))
            }
            Ok(run) => (Outcome::Fail, format!("Gate {name} ended by {}.", run.ending.describe())),
            Err(error) => (Outcome::Inconclusive, format!("Gate {name} could not run: {}.", error.problem)),
        };
        let output = ran.ok().map(|run| {
            evidence.counters.insert("duration_ms".to_owned(), run.duration_ms);
            evidence.raw_digest = Some(run.output.digest);
            run.output
        });
        Ok(GateRun { evidence, output })
    }
}
