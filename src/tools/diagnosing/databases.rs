//! Whether the service's databases answer. All are asked at once.

use futures::future::join_all;

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure};
use crate::tools::inspecting::connection;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let names = &patient.target.databases;
    if names.is_empty() {
        return Ok(None);
    }
    let looks = names.iter().map(async |name| {
        let database = context.reader.inventory().database(name)?;
        Ok::<_, crate::domain::refusal::Refusal>(connection::look(context, database).await)
    });
    let mut findings = Vec::new();
    for (name, looked) in names.iter().zip(join_all(looks).await) {
        if let Err(error) = looked? {
            let seen = format!("DB connection failed to {name} ✗: {}.", error.problem);
            findings
                .push(Finding::new(Part::Cause, Sure::Certain, seen, error.fix).next(Next::Databases("connection")));
        }
    }
    let at = format!("{} of {} databases answer", names.len() - findings.len(), names.len());
    Ok(Some(Looked { findings, at }))
}
