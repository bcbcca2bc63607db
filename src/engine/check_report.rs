//! Whether the report in a file is as it was written, and what it says is what the ledger holds.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Engine, report::REPORT};
use crate::{
    domain::{
        digest::Digest,
        operation::OperationId,
        refusal::Refusal,
        report::{
            Form, Signed,
            check::{self, Difference, Unreadable},
            pictures::take_out,
        },
    },
    ledger::{Flaw, Ledger, LedgerError},
};

/// What came of looking at a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedReport {
    /// Every value is what the ledger says.
    Sound(OperationId),
    /// This is the first value that is not.
    Edited(Difference),
    /// It is not a report.
    Unreadable(Unreadable),
    /// The ledger itself was changed, so it proves nothing.
    LedgerChanged(i64, Flaw),
}

impl Engine {
    /// Computes a report again from the ledger and compares: the data that it carries, who signed it, and each visible piece of text.
    pub async fn check_report(&self, text: &str) -> Result<CheckedReport, Refusal> {
        let ledger = self.ledger().await?;
        let (says, signed) = match check::data_of(text) {
            Ok(data) => data,
            Err(why) => return Ok(CheckedReport::Unreadable(why)),
        };
        match ledger.verify().await {
            Ok(_) => {}
            Err(LedgerError::Bad { seq, why }) => return Ok(CheckedReport::LedgerChanged(seq, why)),
            Err(error) => return Err(error.into()),
        }
        let edited = |place: &str, says: &str, should: &str| {
            let (place, says, should) = (place.to_owned(), says.to_owned(), should.to_owned());
            Ok(CheckedReport::Edited(Difference { place, says, should }))
        };
        let id = &signed.report.operation.id;
        let Some(operation) = ledger.operation(id).await? else {
            return edited("report.operation.id", id.as_str(), "an operation of this ledger");
        };
        let head = &signed.report.ledger;
        if ledger.holds(head).await? != Some(true) {
            return edited("report.ledger", head, "a head that the ledger has had");
        }
        let Some(report) = self.compose(ledger, &operation, head.clone(), &signed.report.looks).await? else {
            return edited("report", "a report", "nothing: something in it is the value of a secret");
        };
        let should = json!({ "report": report, "signature": signed.signature });
        if let Some(difference) = check::first_of_data(&says, &should) {
            return Ok(CheckedReport::Edited(difference));
        }
        let reader = self.world().reader();
        if !reader.is_our_report(&signed) {
            return edited("signature", &signed.signature, "the signature of this installation");
        }
        if was_written(ledger, id, text).await? {
            return Ok(CheckedReport::Sound(id.clone()));
        }
        let form = Form::of(text);
        let bare = if form == Form::Html { Cow::Owned(take_out(text)) } else { Cow::Borrowed(text) };
        let wanted = reader.report_as(&Signed { report, signature: signed.signature.clone() }, form)?;
        Ok(check::first_of_text(form, &bare, &wanted)
            .map_or_else(|| CheckedReport::Sound(id.clone()), CheckedReport::Edited))
    }
}

/// Whether exactly these bytes were written for the operation. A later version of the server may lay reports out differently.
async fn was_written(ledger: &Ledger, id: &OperationId, text: &str) -> Result<bool, LedgerError> {
    let said = ledger.said(REPORT, id).await?;
    let digest = Digest::of(text.as_bytes()).to_string();
    let files = said.as_ref().and_then(|said| said.get("files")).and_then(Value::as_object);
    Ok(files.is_some_and(|files| files.values().any(|written| written.as_str() == Some(&digest))))
}
