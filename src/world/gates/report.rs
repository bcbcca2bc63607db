//! The reports of a command: files that it writes below its directory, while it runs.

use std::{
    collections::BTreeSet,
    fs::{self, File, Metadata},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::super::{
    WorldError,
    files::open::{self, Forbidden},
};
use crate::domain::{
    inventory::RelativePath,
    pattern,
    refusal::Code,
    results::{self, Format, TestReport},
};

/// A larger report is not read, bytes.
const BYTES: u64 = 16 * 1024 * 1024;
/// How many reports are read.
const FILES: usize = 500;

/// The reports that are wanted, with what there was before the command ran.
#[derive(Debug)]
pub(in crate::world) struct Reports {
    export: PathBuf,
    wanted: Vec<RelativePath>,
    before: BTreeSet<Identity>,
    /// When the command was started, by the clock of the file system, ns since 1970.
    started: i128,
}

/// A file as it was at one moment: its inode, its last change (which no program can set), its last writing, ns since 1970.
type Identity = (u64, i128, i128);

impl Reports {
    /// Looks at what is there before the command runs. `mark` is a path where a file can be made.
    pub(in crate::world) fn before(export: &Path, wanted: &[RelativePath], mark: &Path) -> Result<Self, WorldError> {
        let mut before = BTreeSet::new();
        for path in wanted {
            // What cannot be listed now is looked at when the command has run.
            let found = find(export, path).unwrap_or_default();
            before
                .extend(found.iter().filter_map(|path| fs::metadata(path.below(export)).ok()).map(|at| identity(&at)));
        }
        let io = |error| WorldError::io("note when a command begins", error);
        let (_, _, started) = identity(&File::create_new(mark).and_then(|mark| mark.metadata()).map_err(io)?);
        Ok(Self { export: export.to_owned(), wanted: wanted.to_owned(), before, started })
    }

    /// What the reports say together. Each of the wanted places must hold one of this run.
    pub(in crate::world) fn read(&self, format: Option<Format>, forbidden: &Forbidden) -> TestReport {
        let mut whole = TestReport::default();
        let mut files = 0;
        for wanted in &self.wanted {
            let report = match find(&self.export, wanted) {
                Ok(paths) if paths.is_empty() => TestReport::unreadable(format!("there is none at {wanted}")),
                Ok(paths) if files + paths.len() > FILES => {
                    TestReport::unreadable(format!("there are more than {FILES} files"))
                }
                Ok(paths) => {
                    files += paths.len();
                    let one = |path| self.one(path, wanted, format, forbidden).unwrap_or_else(TestReport::unreadable);
                    paths.iter().map(one).fold(TestReport::default(), TestReport::and)
                }
                Err(problem) => TestReport::unreadable(problem),
            };
            whole = whole.and(report);
        }
        whole
    }

    fn one(
        &self,
        path: &RelativePath,
        wanted: &RelativePath,
        format: Option<Format>,
        forbidden: &Forbidden,
    ) -> Result<TestReport, String> {
        let (file, bytes, _) = open::regular(forbidden, &self.export, path).map_err(|error| match error.code {
            Code::NotFound => format!("there is none at {wanted}"),
            _ => error.problem,
        })?;
        let failed = |_| "it could not be read".to_owned();
        let now = identity(&file.metadata().map_err(failed)?);
        if now.2 < self.started || self.before.contains(&now) {
            return Err("it is older than the run".to_owned());
        }
        let mut content = Vec::new();
        file.take(BYTES + 1).read_to_end(&mut content).map_err(failed)?;
        if bytes > BYTES || content.len() as u64 > BYTES {
            return Err(format!("it is larger than {BYTES} bytes"));
        }
        Ok(results::read(format, &content))
    }
}

fn identity(metadata: &Metadata) -> Identity {
    let ns = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let changed = ns(metadata.ctime(), metadata.ctime_nsec());
    (metadata.ino(), changed, ns(metadata.mtime(), metadata.mtime_nsec()))
}

/// The paths that a pattern means, in order. A part without `*` and `?` is taken as it is, whether it is there or not.
fn find(export: &Path, wanted: &RelativePath) -> Result<Vec<RelativePath>, String> {
    let mut found: Vec<Option<RelativePath>> = vec![None];
    for part in wanted.as_str().split('/') {
        let mut next = Vec::new();
        for above in found {
            let below = |name: &str| match &above {
                Some(above) => format!("{above}/{name}").parse(),
                None => name.parse(),
            };
            if !part.contains(['*', '?']) {
                next.push(below(part).map_err(|_| "its path is too long".to_owned())?);
                continue;
            }
            let entries = match open::list(export, above.as_ref()) {
                Err(error) if error.code == Code::NotFound => continue,
                entries => entries.map_err(|error| error.problem)?,
            };
            if entries.len() == open::ENTRIES {
                return Err(format!("its directory has more than {} entries", open::ENTRIES));
            }
            let names = entries.iter().map(|entry| entry.name.as_str()).filter(|name| pattern::matches(part, name));
            // A name that is no path of ours belongs to no report that could be meant.
            next.extend(names.filter_map(|name| below(name).ok()));
        }
        found = next.into_iter().map(Some).collect();
    }
    Ok(found.into_iter().flatten().collect())
}
