//! Write the report of an operation. Writing it again replaces the files by the same ones.

use super::{Context, Done, Failure};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    step::WriteReport,
};

pub(super) async fn run(step: &WriteReport, context: &Context<'_>) -> Result<Done, Failure> {
    let report = context.reports.report(&step.operation).await.map_err(|refusal| super::failed(refusal.to_string()))?;
    let written = context.world.write_report(context.permit, report).await?;
    let now = context.world.now();
    let paths: Vec<String> = written.iter().map(|file| file.path.display().to_string()).collect();
    let evidence = written.map(|file| Evidence {
        raw_digest: Some(file.digest),
        ..super::evidence(
            EvidenceKind::Report,
            &file.name(),
            Outcome::Pass,
            now,
            0,
            "Written from the ledger.".to_owned(),
        )
    });
    Ok(Done { evidence: evidence.into(), ..Done::new(format!("The report was written: {}.", paths.join(" and "))) })
}
