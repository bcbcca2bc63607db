//! Runs that were kept, found by the evidence that names them.

use super::super::Context;
use crate::domain::{
    digest::Digest,
    e2e::{SuiteRun, TestId, TestRun},
    evidence::EvidenceKind,
    name::{EnvironmentName, ServiceName},
    operation::OperationFilter,
    refusal::{Code, Refusal},
};

/// In how many operations it is looked for them, the newest first.
const OPERATIONS: u32 = 40;

/// The last runs of a service's suites: those of the newest operation that has some. A test that was run alone says nothing of the others.
pub(in crate::tools) async fn last(
    context: Context<'_>,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Result<Vec<SuiteRun>, Refusal> {
    let is_its = |run: &SuiteRun| run.service == *service && run.environment == *environment && run.test.is_none();
    let mut found = Vec::new();
    first(context, Some(environment), |runs| {
        found = runs.into_iter().filter(is_its).collect();
        !found.is_empty()
    })
    .await?;
    Ok(found)
}

/// A test that failed a short while ago, with the run in which it did.
pub(in crate::tools) async fn test(context: Context<'_>, id: &TestId) -> Result<(SuiteRun, TestRun), Refusal> {
    let mut found = None;
    first(context, None, |runs| {
        let of_run = |run: SuiteRun| {
            let test = run.tests.iter().find(|test| test.id == *id)?.clone();
            Some((run, test))
        };
        found = runs.into_iter().find_map(of_run);
        found.is_some()
    })
    .await?;
    found.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "There is no test with that id in the last runs.",
            "Call run_e2e without test first; it shows the ids of the tests that failed.",
        )
    })
}

/// Shows the runs of each operation, the newest first, until they are the wanted ones.
async fn first(
    context: Context<'_>,
    environment: Option<&EnvironmentName>,
    mut wanted: impl FnMut(Vec<SuiteRun>) -> bool + Send,
) -> Result<(), Refusal> {
    let filter = OperationFilter { environment: environment.cloned(), limit: OPERATIONS, ..OperationFilter::default() };
    for operation in context.records.operations(&filter).await? {
        let evidence = context.records.evidence(&operation.id).await?;
        let kept = evidence.into_iter().filter(|one| one.kind == EvidenceKind::EndToEnd);
        let digests: Vec<Digest> = kept.filter_map(|one| one.raw_digest).collect();
        let mut runs = Vec::with_capacity(digests.len());
        for digest in &digests {
            runs.extend(context.reader.suite_run(digest).await?);
        }
        if !runs.is_empty() && wanted(runs) {
            break;
        }
    }
    Ok(())
}
