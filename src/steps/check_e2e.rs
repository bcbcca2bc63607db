//! Run end-to-end tests. A failed test is an observation, not a failure of the step, and so is a suite that could not be run: the
//! verdict judges both.

use super::{Context, Done, Failure, failed};
use crate::{
    domain::step::CheckE2e,
    world::e2e::{Part, SuiteCall},
};

/// Of how many failed tests the words are kept in the journal.
const SHOWN: usize = 5;

pub(super) async fn run(step: &CheckE2e, context: &Context<'_>) -> Result<Done, Failure> {
    context.unless_cancelled("The end-to-end tests", observe(step, context)).await
}

async fn observe(step: &CheckE2e, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, target) = context.target()?;
    let environment = &context.permit.plan().body().environment;
    let reader = context.world.reader();
    let mut evidence = Vec::new();
    for name in &step.suites {
        let Some(suite) = service.e2e.iter().find(|suite| suite.name == *name) else {
            return Err(failed(format!("Service {} has no suite {name} any more.", service.name)));
        };
        let commit = Some(step.commit.as_str());
        let call = SuiteCall { service, environment, target, suite, commit, trusted: true };
        evidence.extend(reader.run_suite(call, &[Part::Whole], &*context.progress).await);
    }
    let mut words = Vec::new();
    for run in &evidence {
        words.extend(reader.suite_words(run).await?);
    }
    words.truncate(SHOWN);
    let summaries: Vec<&str> = evidence.iter().map(|one| one.summary.as_str()).collect();
    Ok(Done { summary: summaries.join(" "), untrusted_text: (!words.is_empty()).then(|| words.join("\n")), evidence })
}
