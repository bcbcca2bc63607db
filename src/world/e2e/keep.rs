//! What is kept of a run: a record, and the files that failed tests left behind, in a directory that has the digest of the record.
//!
//! The record is redacted and cleaned before it is written. Of the files pictures, short videos and redacted copies of traces may be
//! shown; a trace as it was, and whatever is too large, the operator alone opens, where it lies.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    super::{
        Reader, WorldError,
        blocking::blocking,
        files::open::{self, Forbidden},
        kept::Filling,
    },
    SuiteCall, picture, runs_alone, trace,
};
use crate::{
    domain::{
        clean::clean,
        digest::Digest,
        e2e::{Hint, KeptFile, SuiteRun, TestId, TestRun},
        evidence::{Evidence, Outcome},
        inventory::RelativePath,
        refusal::Code,
        results::{Attachment, AttachmentKind, Case, CasePlace},
    },
    redact::Redactor,
};

/// How many runs are kept.
const RUNS: usize = 100;
/// How many tests of a run are kept, the worst first.
const TESTS: usize = 2000;
/// Of how many tests the files are kept.
const WITH_FILES: usize = 20;
/// The record in the directory of a run.
const RECORD: &str = "run.json";
/// How much of the error of a test is looked at, and how much of that is kept, bytes.
const ERROR: (usize, usize) = (64 * 1024, 4000);
/// A larger file is not shown, and a larger picture not even kept, bytes.
const SHOWN: u64 = 4 * 1024 * 1024;
/// A larger trace or video is not kept, bytes.
const RECORDING: u64 = 64 * 1024 * 1024;
/// How a WebM begins (RFC 8794).
const WEBM: &[u8] = b"\x1a\x45\xdf\xa3";

/// The tests of a run, and below which directory their files lie.
pub(super) struct Found {
    pub(super) cases: Vec<Case>,
    pub(super) below: Option<PathBuf>,
}

impl Reader<'_> {
    /// Keeps a run; the digest is that of its record.
    pub(super) async fn keep_run(
        &self,
        call: SuiteCall<'_>,
        mut run: SuiteRun,
        mut found: Found,
    ) -> Result<Digest, WorldError> {
        found.cases.sort_by_key(|case| case.status);
        run.left_out = found.cases.len().saturating_sub(TESTS) as u64;
        found.cases.truncate(TESTS);
        run.tests = found.cases.iter().map(|case| self.test(call, case)).collect();
        let (store, forbidden) = (self.world.paths.e2e(), Forbidden::of(self.world));
        let shown = call.suite.pictures.then(|| self.world.redactor.clone());
        blocking(move || {
            let io = |error| WorldError::io("keep a run of tests", error);
            let filling = Filling::begin(&store).map_err(io)?;
            if let Some(below) = found.below.and_then(|below| below.canonicalize().ok()) {
                let taken = Taken { below, forbidden, into: filling.path(), shown };
                let with_files = run.tests.iter_mut().zip(&found.cases).enumerate();
                for (index, (test, case)) in with_files.filter(|(_, (test, _))| test.status.is_bad()).take(WITH_FILES) {
                    test.files = taken.files(index, case);
                }
            }
            let record = serde_json::to_vec(&run).map_err(|error| io(error.into()))?;
            filling.keep(RECORD, &record, RUNS).map_err(io)
        })
        .await
    }

    fn test(self, call: SuiteCall<'_>, case: &Case) -> TestRun {
        let error = case.error.get(..ERROR.0).unwrap_or_else(|| begin(&case.error, ERROR.0));
        let text = self.said(&format!("{}\n{error}", case.name));
        TestRun {
            id: TestId::new(&call.service.name, &call.suite.name, case),
            status: case.status,
            duration_ms: case.duration_ms,
            attempts: case.attempts,
            place: case.place.clone().filter(|_| runs_alone(call.suite.format)).filter(|place| self.is_plain(place)),
            hints: if case.status.is_bad() { Hint::of(case) } else { Vec::new() },
            untrusted_text: begin(text.trim_end(), ERROR.1).to_owned(),
            files: Vec::new(),
        }
    }

    /// Whether a place can be written down as it is.
    fn is_plain(self, place: &CasePlace) -> bool {
        let plain = |text: &str| clean(text) == text && *self.world.redactor.text(text) == *text;
        place.file.parse::<RelativePath>().is_ok() && plain(&place.file) && plain(&place.project)
    }

    /// What others wrote, redacted and cleaned. Cleaning can bring together what was apart.
    pub(super) fn said(self, text: &str) -> String {
        let redactor = &self.world.redactor;
        redactor.text(&clean(&redactor.text(text))).into_inner()
    }

    /// A run that was kept; `None` when it is not there any more, or is not what it was.
    pub async fn suite_run(&self, digest: &Digest) -> Result<Option<SuiteRun>, WorldError> {
        let (path, wanted) = (self.world.paths.e2e().join(digest.to_string()).join(RECORD), *digest);
        blocking(move || match fs::read(&path) {
            Ok(record) if Digest::of(&record) == wanted => Ok(serde_json::from_slice(&record).ok()),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(WorldError::io("read a run of tests", error)),
        })
        .await
    }

    /// What a run that proves no success left of words, the worst first; they were redacted when they were kept.
    pub async fn suite_words(&self, run: &Evidence) -> Result<Vec<String>, WorldError> {
        let Some(digest) = run.raw_digest.filter(|_| run.outcome != Outcome::Pass) else { return Ok(Vec::new()) };
        let Some(run) = self.suite_run(&digest).await? else { return Ok(Vec::new()) };
        let bad = run.tests.into_iter().filter(|test| test.status.is_bad()).map(|test| test.untrusted_text);
        Ok(run.untrusted_text.into_iter().chain(bad).collect())
    }

    /// A picture or recording of a test that may be shown.
    pub async fn suite_picture(&self, digest: &Digest, name: &str) -> Result<Option<Vec<u8>>, WorldError> {
        let Some(run) = self.suite_run(digest).await? else { return Ok(None) };
        let may_be_shown = |file: &&KeptFile| file.shown && file.name == name;
        let Some(file) = run.tests.iter().flat_map(|test| &test.files).find(may_be_shown) else { return Ok(None) };
        let path = self.world.paths.e2e().join(digest.to_string()).join(&file.name);
        blocking(move || fs::read(&path).map(Some).map_err(|error| WorldError::io("read a file of a test", error)))
            .await
    }
}

/// The first `limit` bytes of a text, at a character.
fn begin(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Takes files out of the directory of a run.
struct Taken<'a> {
    below: PathBuf,
    forbidden: Forbidden,
    into: &'a Path,
    /// What looks through files that are shown; nothing where none may be.
    shown: Option<Redactor>,
}

impl Taken<'_> {
    /// One file of each kind, under names of ours. What cannot be taken is left.
    fn files(&self, index: usize, case: &Case) -> Vec<KeptFile> {
        let kinds = [
            (AttachmentKind::Screenshot, "png", SHOWN),
            (AttachmentKind::Trace, "trace.zip", RECORDING),
            (AttachmentKind::Video, "webm", RECORDING),
        ];
        let mut kept = Vec::new();
        for (kind, extension, most) in kinds {
            let name = format!("{index}.{extension}");
            let mut of_kind = case.files.iter().filter(|file| file.kind == kind);
            if !of_kind.any(|file| self.take(file, &name, most).is_ok()) {
                continue;
            }
            let shown = self.may_be_shown(index, kind, &name);
            // A trace is shown as a copy; the operator keeps the whole one.
            kept.extend((shown.as_ref() != Some(&name)).then_some(KeptFile { name, kind, shown: false }));
            kept.extend(shown.map(|name| KeptFile { name, kind, shown: true }));
        }
        kept
    }

    /// The name of what may be shown of a file that was taken.
    fn may_be_shown(&self, index: usize, kind: AttachmentKind, name: &str) -> Option<String> {
        let redactor = self.shown.as_ref()?;
        let (place, copy) = (self.into.join(name), format!("{index}.redacted.trace.zip"));
        let is_short = |place: &Path| fs::metadata(place).is_ok_and(|found| found.len() <= SHOWN);
        match kind {
            AttachmentKind::Screenshot => Some(name.to_owned()),
            AttachmentKind::Video => {
                let bytes = is_short(&place).then(|| fs::read(&place).ok()).flatten()?;
                // Beside the pictures there are texts in it, of whoever wrote it.
                let clean = bytes.starts_with(WEBM) && *redactor.known_bytes(&bytes) == *bytes;
                clean.then(|| name.to_owned())
            }
            AttachmentKind::Trace => {
                let to = self.into.join(&copy);
                let made = File::open(place).ok().and_then(|whole| trace::redacted(whole, &to, redactor));
                if made.is_some() && is_short(&to) {
                    return Some(copy);
                }
                // What is not shown is of no use to anybody.
                let _ = fs::remove_file(to);
                None
            }
        }
    }

    fn take(&self, file: &Attachment, name: &str, most: u64) -> Result<(), WorldError> {
        let refused =
            |problem| WorldError::new(Code::PathRefused, "keep a file of a test", problem, "Look at the run.");
        let below = Path::new(&file.path).strip_prefix(&self.below).ok().and_then(Path::to_str);
        let below: RelativePath = below
            .and_then(|path| path.parse().ok())
            .ok_or_else(|| refused("it does not lie below the directory of the run"))?;
        let (source, bytes, _) = open::regular(&self.forbidden, &self.below, &below)?;
        if bytes > most {
            return Err(refused("it is too large"));
        }
        let io = |error| WorldError::io("keep a file of a test", error);
        let mut source = source.take(most);
        let place = self.into.join(name);
        if file.kind != AttachmentKind::Screenshot {
            io::copy(&mut source, &mut File::create_new(place).map_err(io)?).map_err(io)?;
            return Ok(());
        }
        let mut content = Vec::new();
        source.read_to_end(&mut content).map_err(io)?;
        let bare = picture::bare(&content).ok_or_else(|| refused("it is not a PNG"))?;
        fs::write(place, bare).map_err(io)
    }
}
