//! Rehearsals: the deployment's script with its dry-run argument, without secrets, and proof that the target stayed the same.

mod on_host;

use std::time::Duration;

use super::{
    Reader, WorldError,
    process::{self, Captured, Ending, Environment, Invocation},
    scripts::argv,
};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Service, Target},
    step::ScriptCall,
};

/// How many changed paths are named.
const NAMED: usize = 10;
/// How long rows that changed are watched, to tell users' writes from the script's.
const WATCH: std::ops::RangeInclusive<u64> = 1_000..=10_000;

/// How a dry run is graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grade {
    /// It ended with exit code 0, and the target is the same before and after.
    Proven,
    /// It changed the target. It is not a dry run, whatever it says.
    Changed(Vec<String>),
    /// It ended otherwise.
    Failed(Ending),
    /// The script has no dry run, or there is nobody who can be trusted with it.
    Unsupported,
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// The grade.
    pub grade: Grade,
    /// What it proves.
    pub evidence: Evidence,
    /// What it wrote; others wrote it, and it is not redacted.
    pub output: Option<Captured>,
}

impl Reader<'_> {
    /// Runs `call` once in a fresh export, with its arguments and those of `dry_run` behind them, where it is going to run for real. `None` says that the script
    /// has no dry run. The evidence is about `subject` and counts for `valid_s` seconds.
    pub async fn rehearse(
        &self,
        service: &Service,
        target: &Target,
        call: &ScriptCall,
        dry_run: Option<&[String]>,
        subject: &str,
        valid_s: u32,
    ) -> Result<Rehearsal, WorldError> {
        let unsupported = |summary: String| {
            let evidence = self.evidence(EvidenceKind::DryRun, subject, Outcome::Fail, valid_s);
            let evidence = Evidence { summary, collector: "rehearse".to_owned(), ..evidence };
            Ok(Rehearsal { grade: Grade::Unsupported, evidence, output: None })
        };
        let Some(dry_run) = dry_run else {
            return unsupported("The script declares no dry run, so nothing can be proven before it runs.".to_owned());
        };
        if let Some(host) = &call.host
            && let Some(why) = Box::pin(self.refusal_to_rehearse(host, target)).await?
        {
            return unsupported(why);
        }
        let scratch = self.scratch("rehearse-")?;
        let export = scratch.path().join("export");
        self.export_to(service, &call.commit, None, &export).await?;
        let script = self.place_script(service, call, &export, "rehearse").await?;
        let before = self.target_state(target).await?;
        let finished = match &call.host {
            None => {
                let mut argv = argv(call, &script);
                argv.extend(dry_run.iter().cloned());
                let mut invocation = Invocation::of(&argv, &export, Duration::from_secs(u64::from(call.timeout_s)))?;
                invocation.environment = Environment::default().declare(&call.environment);
                process::run(invocation).await?
            }
            Some(host) => Box::pin(self.rehearse_on_host(host, call, &export, &script, dry_run)).await?,
        };
        let after = self.target_state(target).await?;
        let mut changed: Vec<String> =
            before.changed_files(&after).iter().map(|path| path.display().to_string()).collect();
        let mut rows = before.changed_databases(&after);
        if !rows.is_empty() {
            // Users may be writing. What goes on changing while nothing of ours runs is theirs.
            let watch = finished.duration_ms.clamp(*WATCH.start(), *WATCH.end());
            tokio::time::sleep(Duration::from_millis(watch)).await;
            let theirs = after.changed_databases(&self.target_state(target).await?);
            rows.retain(|row| !theirs.contains(row));
        }
        changed.extend(rows);

        let (grade, outcome, summary) = if !changed.is_empty() {
            let more = changed.len().saturating_sub(NAMED);
            changed.truncate(NAMED);
            let named = changed.join(", ");
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let summary = format!(
                "THE DRY RUN CHANGED THE TARGET: {named}{rest}. The script ignores its dry-run argument; look at the target now."
            );
            (Grade::Changed(changed), Outcome::Fail, summary)
        } else if finished.ending.is_success() {
            let summary = "The dry run ended with exit code 0 and the target is unchanged.".to_owned();
            (Grade::Proven, Outcome::Pass, summary)
        } else {
            let outcome = if finished.ending == Ending::TimedOut { Outcome::Inconclusive } else { Outcome::Fail };
            let summary = format!("The dry run ended by {}; the target is unchanged.", finished.ending.describe());
            (Grade::Failed(finished.ending), outcome, summary)
        };
        let mut evidence = self.evidence(EvidenceKind::DryRun, subject, outcome, valid_s);
        evidence.summary = summary;
        evidence.collector.push_str("rehearse");
        evidence.counters.insert("duration_ms".to_owned(), finished.duration_ms);
        evidence.raw_digest = Some(finished.output.digest);
        Ok(Rehearsal { grade, evidence, output: Some(finished.output) })
    }
}
