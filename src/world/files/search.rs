//! Searching a log: pattern, level and time window, counts first, a few lines shown.

use std::{io::Read, path::Path};

use flate2::read::MultiGzDecoder;
use regex::Regex;
use rustix::fs::OFlags;

use super::{Budget, Forbidden, LogFile, for_each_line, keys_only, moment_of, open, refuse_private, rotation};
use crate::{
    domain::{inventory::RelativePath, refusal::Code, time::Time},
    world::{Reader, WorldError, blocking::blocking},
};

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// A line has to match it.
    pub pattern: Option<Regex>,
    /// Only lines of that moment or later. A line without a moment belongs to the one before it.
    pub since: Option<Time>,
    /// Only lines of that moment or earlier.
    pub until: Option<Time>,
    /// Skip that many matches.
    pub offset: u64,
    /// Show at most that many.
    pub limit: usize,
    /// Lines shown around each match.
    pub context: usize,
}

/// A line that matched, or stands beside one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its number, from 1.
    pub line: u64,
    /// Its text, redacted and cleaned.
    pub text: String,
    /// Whether it matched.
    pub matched: bool,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// All lines that were looked at.
    pub lines: u64,
    /// All that matched.
    pub matches: u64,
    /// Those shown.
    pub hits: Vec<Hit>,
    /// Why not all of it was searched, when it was not.
    pub problem: Option<&'static str>,
    /// Its size on the disk, bytes.
    pub bytes: u64,
    /// How much text was read, bytes.
    pub read: u64,
}

impl Reader<'_> {
    /// The log `path` with its rotated parts, or every log directly below the root; the last written first.
    pub async fn logs(&self, root: &Path, path: Option<&RelativePath>) -> Result<Vec<LogFile>, WorldError> {
        let Some(path) = path else {
            let mut entries = self.list_directory(root, None).await?;
            entries.retain(|entry| rotation::is_log(&entry.name));
            return Ok(rotation::newest_first(entries, ""));
        };
        let directory = path.as_str().strip_suffix(path.file_name()).unwrap_or_default();
        let mut entries = self.list_directory(root, directory.parse().ok().as_ref()).await?;
        let name = path.file_name();
        entries.retain(|entry| entry.name == name || rotation::is_rotated(&entry.name, name));
        let mut found = rotation::newest_first(entries, directory);
        // It may stand behind the entries that are listed of a very full directory; if it is no file, opening it says so.
        if found.is_empty() || (found.iter().all(|file| file.path != *path) && self.exists(root, path).await) {
            found.insert(0, LogFile { path: path.clone(), modified: None });
        }
        Ok(found)
    }

    async fn exists(&self, root: &Path, path: &RelativePath) -> bool {
        let (root, path) = (root.to_owned(), path.clone());
        blocking(move || open::beneath(&root, Some(&path), OFlags::PATH).map(drop)).await.is_ok()
    }

    /// Searches one file; one whose name ends with `.gz` is decompressed on the way. Matching happens on the redacted text: a search
    /// can never tell what a mask hides.
    pub async fn search_file(
        &self,
        root: &Path,
        path: &RelativePath,
        query: &Query,
        budget: Budget,
    ) -> Result<Found, WorldError> {
        refuse_private(path)?;
        if keys_only(path) {
            let problem = "its values may be secrets";
            let fix = "read_file shows which of its keys are set.";
            return Err(WorldError::new(Code::PathRefused, "search an .env file", problem, fix));
        }
        let (redactor, forbidden) = (self.world.redactor.clone(), Forbidden::of(self.world));
        let (root, path, query, now) = (root.to_owned(), path.clone(), query.clone(), self.now());
        blocking(move || {
            let (file, bytes, _) = open::regular(&forbidden, &root, &path)?;
            let is_compressed = path.as_str().ends_with(".gz");
            let text: Box<dyn Read> = if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
            let mut text = budget.limit(text);
            let mut search = Search::new(&query, now);
            let searched = for_each_line(&mut text, &redactor, &mut |number, line| {
                search.line(number, line);
                true
            });
            let mut found = search.found;
            found.problem = match searched {
                Ok(false) => Some("it is not text"),
                Ok(true) if text.is_cut => Some("only its begin was searched: give path, or a later since"),
                Ok(true) => None,
                Err(_) if is_compressed => Some("it is damaged: only what stands before was searched"),
                Err(error) => return Err(error),
            };
            (found.bytes, found.read) = (bytes, text.read);
            Ok(found)
        })
        .await
    }
}

struct Search<'q> {
    query: &'q Query,
    now: Time,
    found: Found,
    moment: Option<Time>,
    before: std::collections::VecDeque<(u64, String)>,
    after: usize,
    shown: usize,
}

impl<'q> Search<'q> {
    fn new(query: &'q Query, now: Time) -> Self {
        let before = std::collections::VecDeque::with_capacity(query.context);
        Self { query, now, found: Found::default(), moment: None, before, after: 0, shown: 0 }
    }

    fn line(&mut self, number: u64, line: &str) {
        self.found.lines = number;
        if (self.query.since.is_some() || self.query.until.is_some())
            && let Some(moment) = moment_of(line, self.now)
        {
            self.moment = Some(moment);
        }
        let in_time = self.query.since.is_none_or(|since| self.moment.is_some_and(|m| m >= since))
            && self.query.until.is_none_or(|until| self.moment.is_some_and(|m| m <= until));
        if in_time && self.query.pattern.as_ref().is_none_or(|pattern| pattern.is_match(line)) {
            self.found.matches += 1;
            if self.found.matches > self.query.offset && self.shown < self.query.limit {
                self.shown += 1;
                for (number, text) in self.before.drain(..) {
                    self.found.hits.push(Hit { line: number, text, matched: false });
                }
                self.found.hits.push(Hit { line: number, text: line.to_owned(), matched: true });
                self.after = self.query.context;
                return;
            }
        }
        if self.after > 0 {
            self.after -= 1;
            self.found.hits.push(Hit { line: number, text: line.to_owned(), matched: false });
        } else if self.query.context > 0 {
            if self.before.len() == self.query.context {
                self.before.pop_front();
            }
            self.before.push_back((number, line.to_owned()));
        }
    }
}
