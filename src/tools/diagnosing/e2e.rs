//! What the last end-to-end tests of a service say: what failed, and what their errors usually mean.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, count, end};
use crate::{
    domain::{
        e2e::{Hint, SuiteRun, TestRun},
        evidence::Outcome,
        results::CaseStatus,
        time::Time,
    },
    tools::suites::kept,
};

/// How much is quoted of a test, bytes.
const QUOTED: usize = 500;
/// How long a run says something about what is live now, s.
const FRESH_S: u64 = 3600;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    if patient.service.e2e.is_empty() {
        return Ok(None);
    }
    let runs = kept::last(context, &patient.service.name, patient.environment).await?;
    let Some(newest) = runs.iter().map(|run| run.started_at).max() else {
        return Ok(None);
    };
    let live = patient.live.as_ref().map(|live| live.commit.as_str());
    let now = context.reader.now();
    let findings = runs.iter().flat_map(|run| of_run(run, sureness(run, live, now))).collect();
    let at = format!("{} of {newest}", count(runs.len(), "run"));
    Ok(Some(Looked { findings, at }))
}

/// What failed a short while ago in what is live now fails now; of another commit, or long ago, it may be different.
fn sureness(run: &SuiteRun, live: Option<&str>, now: Time) -> Sure {
    let of_live = run.commit.is_none() || run.commit.as_deref() == live;
    if of_live && now.seconds_since(run.started_at) <= FRESH_S { Sure::Certain } else { Sure::Possible }
}

/// The failed tests of a run, and a cause for each kind of error among them.
pub(super) fn of_run(run: &SuiteRun, sure: Sure) -> Vec<Finding> {
    let failed: Vec<&TestRun> = run.tests.iter().filter(|test| test.status == CaseStatus::Failed).collect();
    let rerun = |test: &&TestRun| Next::E2e(test.place.is_some().then(|| test.id.clone()));
    let seen = format!("End-to-end tests: {}", run.summary);
    let symptom = match (run.outcome, failed.first()) {
        (Outcome::Pass, _) => return Vec::new(),
        (Outcome::Fail, Some(first)) => {
            let fix = "See what each error means below; run one of them alone, with a trace.";
            Finding::new(Part::Symptom, sure, seen, fix).next(rerun(first)).quoting(begin(&first.untrusted_text))
        }
        (Outcome::Fail, None) => Finding::new(Part::Symptom, sure, seen, "Run them again.").next(Next::E2e(None)),
        (Outcome::Inconclusive, _) => {
            let fix = "Mend what stands in their way: they prove nothing until they run to their end.";
            let wrote = run.untrusted_text.as_deref().unwrap_or_default();
            Finding::new(Part::Symptom, Sure::Possible, seen, fix).next(Next::E2e(None)).quoting(end(wrote, QUOTED))
        }
    };
    let mut hints: Vec<Hint> = failed.iter().flat_map(|test| test.hints.iter().copied()).collect();
    hints.sort();
    hints.dedup();
    let causes = hints.into_iter().map(|hint| {
        let its: Vec<&&TestRun> = failed.iter().filter(|test| test.hints.contains(&hint)).collect();
        let seen = format!("{} {} so.", hint.seen(), fails(its.len()));
        let finding = Finding::new(Part::Cause, Sure::Likely, seen, hint.fix());
        match its.first() {
            Some(first) => finding.next(rerun(first)),
            None => finding,
        }
    });
    std::iter::once(symptom).chain(causes).collect()
}

fn fails(tests: usize) -> String {
    let verb = if tests == 1 { "fails" } else { "fail" };
    format!("{} {verb}", count(tests, "test"))
}

fn begin(text: &str) -> &str {
    let mut end = QUOTED.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
