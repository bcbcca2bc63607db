//! Reports, and the file that stops everything.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Reader, World, WorldError, blocking::blocking, browser, signing, tree};
use crate::{
    domain::{
        digest::Digest,
        refusal::Code,
        report::{Form, Report, Signed, pictures},
    },
    policy::Permit,
    redact::Redactor,
};

/// What is signed begins with it.
const PURPOSE: &str = "deployops/report/v1";
/// The largest report that is read, bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A report that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
}

impl Written {
    /// The file's name.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl World {
    /// Signs a report and writes it in both forms, each whole or not at all; files of the same name are replaced.
    pub async fn write_report(&self, permit: &Permit, report: Report) -> Result<[Written; 2], WorldError> {
        let _ = permit;
        let (paths, redactor, name) = (self.paths.clone(), self.redactor.clone(), plain(&report.name())?);
        blocking(move || {
            let text = report.text().map_err(unwritable)?;
            let signature = signing::sign(&paths, PURPOSE, &text)?;
            let signature = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            let signed = Signed { report, signature };
            fs::create_dir_all(&paths.reports).map_err(failed)?;
            let write = |text: &str, ending: &str| write(&paths.reports.join(format!("{name}.{ending}")), text);
            let shown = browser::pictures(&paths, &redactor, &signed.report.looks);
            let page = rendered(&signed, Form::Html, &redactor)?;
            let page = pictures::put_in(&page, |digest| shown.get(digest).map(|picture| picture.png.as_slice()));
            let written = [write(&rendered(&signed, Form::Markdown, &redactor)?, "md")?, write(&page, "html")?];
            tree::sync_directory(&paths.reports)?;
            Ok(written)
        })
        .await
    }
}

/// What is written of a report in that form: text that is redacted as text, and data in which there was nothing to redact.
fn rendered(signed: &Signed, form: Form, redactor: &Redactor) -> Result<String, WorldError> {
    let data = serde_json::to_value(&signed.report).map_err(unwritable)?;
    if *redactor.json(data.clone()) != data {
        return Err(WorldError::new(
            Code::WorldFailed,
            "write the report",
            "its data is not free of secrets",
            "Report this as a defect of the server.",
        ));
    }
    let page = signed.page(form).map_err(unwritable)?;
    Ok([&*redactor.text(&page.before), &page.data, &*redactor.text(&page.after)].map(String::as_str).concat())
}

fn write(path: &Path, text: &str) -> Result<Written, WorldError> {
    let partial = path.with_extension("partial");
    fs::write(&partial, text.as_bytes()).map_err(failed)?;
    fs::rename(&partial, path).map_err(failed)?;
    Ok(Written { path: path.to_owned(), digest: Digest::of(text.as_bytes()) })
}

fn failed(error: io::Error) -> WorldError {
    WorldError::io("write the report", error)
}

fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> WorldError {
    failed(io::Error::other(error))
}

impl Reader<'_> {
    /// The names of the files in the directory of the reports.
    pub async fn reports(&self) -> Result<BTreeSet<String>, WorldError> {
        let directory = self.world.paths.reports.clone();
        blocking(move || {
            let entries = fs::read_dir(directory).map_err(|error| WorldError::io("list the reports", error))?;
            Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        })
        .await
    }

    /// The text of a report of ours.
    pub async fn report(&self, name: &str) -> Result<String, WorldError> {
        self.report_at(self.world.paths.reports.join(plain(name)?)).await
    }

    /// The text of a report, wherever it was copied to.
    pub async fn report_at(&self, path: PathBuf) -> Result<String, WorldError> {
        blocking(move || {
            let failed = |error| WorldError::io("read the report", error);
            if fs::metadata(&path).map_err(failed)?.len() > LARGEST {
                return Err(failed(io::Error::other("it is larger than any report")));
            }
            fs::read_to_string(path).map_err(failed)
        })
        .await
    }

    /// Whether this installation signed it.
    pub fn is_our_report(&self, signed: &Signed) -> bool {
        let digits = |at: usize| signed.signature.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let signature: Option<Vec<u8>> = (0..signed.signature.len()).step_by(2).map(digits).collect();
        let (Some(signature), Ok(text)) = (signature, signed.report.text()) else { return false };
        signing::is_ours(&self.world.paths, PURPOSE, &text, &signature)
    }

    /// What was written of a report in that form, with the digests of its pictures in their place.
    pub fn report_as(&self, signed: &Signed, form: Form) -> Result<String, WorldError> {
        rendered(signed, form, &self.world.redactor)
    }

    /// Whether the operator has put a `HALT` file into the data directory.
    pub fn halt_file_exists(&self) -> bool {
        // A file that cannot be looked at counts as being there: when in doubt, nothing changes.
        self.world.paths.halt_file().try_exists().unwrap_or(true)
    }
}

/// One plain file name.
fn plain(name: &str) -> Result<String, WorldError> {
    if Path::new(name).file_name().is_some_and(|file| file == name) && !name.starts_with('.') {
        return Ok(name.to_owned());
    }
    Err(WorldError::new(
        Code::PathRefused,
        "name a report",
        "the name is not a plain file name",
        "Report this as a defect of the server.",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A check of that many services, each with all that can be observed of it.
    fn report(services: usize) -> Report {
        let at = "2025-01-15T10:00:00Z";
        let evidence = |kind: &str, subject: String, counters: Value| {
            json!({
                "kind": kind, "subject": subject, "outcome": "PASS", "summary": "It is as it has to be <&>.",
                "counters": counters, "collected_at": at, "valid_until": at, "collector": "test",
            })
        };
        let of_service = |index: usize| {
            let subject = format!("service-{index} in production");
            [
                evidence(
                    "smoke",
                    subject.clone(),
                    json!({ "wanted": 3, "passed": 3, "http_wanted": 2, "http_passed": 2 }),
                ),
                evidence("connection", format!("database-{index}"), json!({})),
                evidence(
                    "end_to_end",
                    subject.clone(),
                    json!({ "expected": 40, "unexpected": 0, "duration_ms": 61_000 }),
                ),
                evidence("lighthouse", subject, json!({ "performance": 91, "accessibility": 100, "seo": 80 })),
            ]
        };
        let evidence: Vec<Value> = (0..services).flat_map(of_service).collect();
        let operation = json!({
            "id": "op_01890a5d-ac96-774b-bcce-b302099a8057", "kind": "check", "environment": "production",
            "requester": "local:1", "state": "succeeded", "started_at": at, "finished_at": at, "summary": "SUCCESS",
            "metrics": { "duration_ms": 0, "services_deployed": 0, "failures": 0, "rollbacks": 0 }, "fence": 0,
        });
        let report = json!({
            "schema": 1, "operation": operation, "journal": [], "evidence": evidence, "planned": [], "earlier": [],
            "ledger": "7/abcdefabcdef",
        });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn a_report_of_a_hundred_services_is_whole_and_reads_back() {
        let (redactor, _) = Redactor::new([]);
        let signed = Signed { report: report(100), signature: "ab".repeat(64) };
        for form in [Form::Markdown, Form::Html] {
            let text = rendered(&signed, form, &redactor).unwrap();
            assert!(!text.contains("[redacted]"), "{form:?} masks what is no secret");
            assert!((0..100).all(|index| text.contains(&format!("database-{index}"))), "{form:?}");
            assert_eq!(crate::domain::report::check::data_of(&text).unwrap().1, signed, "{form:?}");
        }
    }
}
