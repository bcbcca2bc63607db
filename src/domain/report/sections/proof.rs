//! The way back that was recorded, and what proves that the report is as it was written.

use super::super::{
    Report, Signed,
    sheet::{Part, Section, Table},
};
use crate::domain::{digest::Digest, plan::DatabaseStrategy};

pub(super) fn way_back(report: &Report) -> Option<Section> {
    let rollback = report.plan.as_ref()?.rollback.as_ref()?;
    let to = rollback.to.as_ref().map_or_else(
        || "nothing: this was the first deployment".to_owned(),
        |revision| format!("{} ({})", revision.version, revision.commit.get(..12).unwrap_or(&revision.commit)),
    );
    let databases = match &rollback.database {
        DatabaseStrategy::NotTouched => "not touched".to_owned(),
        DatabaseStrategy::Keep => "stay as they are".to_owned(),
        DatabaseStrategy::Restore { snapshots, loss_window_s, .. } => {
            let names: Vec<String> = snapshots.iter().map(ToString::to_string).collect();
            format!("restored from {}; writes of {loss_window_s} s are lost", names.join(", "))
        }
    };
    let rows = vec![
        vec!["back to".into(), to.into()],
        vec!["code".into(), rollback.code.as_str().into()],
        vec!["databases".into(), databases.into()],
    ];
    let lead = "Recorded before the first step.";
    Some(Section::new("way-back", "Way back").lead(lead).with(Part::Table(Table { head: vec!["what", "how"], rows })))
}

pub(super) fn proof(signed: &Signed, digest: Digest) -> Section {
    let rows = vec![
        vec!["ledger head".into(), signed.report.ledger.as_str().into()],
        vec!["sha256 of the data".into(), digest.to_string().into()],
        vec!["signature (Ed25519)".into(), signed.signature.as_str().into()],
    ];
    let lead = "Written by the server from its ledger. `deploy-ops report verify FILE` computes it again and names the first edited value.";
    Section::new("proof", "Proof").lead(lead).with(Part::Table(Table { head: vec!["what", "value"], rows }))
}
