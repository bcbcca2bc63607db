//! Searching a log: pattern, level and time window, counts first, a few lines shown.

use std::path::Path;

use regex::Regex;

use super::{Forbidden, for_each_line, moment_of, open, refuse_private};
use crate::{
    domain::{inventory::RelativePath, time::Time},
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
    /// Whether the file is not text.
    pub binary: bool,
    /// Its size, bytes.
    pub bytes: u64,
}

impl Reader<'_> {
    /// Searches one file. Matching happens on the redacted text: a search can never tell what a mask hides.
    pub async fn search_file(&self, root: &Path, path: &RelativePath, query: &Query) -> Result<Found, WorldError> {
        refuse_private(path)?;
        let (redactor, forbidden) = (self.world.redactor.clone(), Forbidden::of(self.world));
        let (root, path, query, now) = (root.to_owned(), path.clone(), query.clone(), self.now());
        blocking(move || {
            let (file, bytes, _) = open::regular(&forbidden, &root, &path)?;
            let mut search = Search::new(&query, now);
            let text = for_each_line(file, &redactor, &mut |number, line| {
                search.line(number, line);
                true
            })?;
            let mut found = search.found;
            found.binary = !text;
            found.bytes = bytes;
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
}

impl<'q> Search<'q> {
    fn new(query: &'q Query, now: Time) -> Self {
        let before = std::collections::VecDeque::with_capacity(query.context);
        Self { query, now, found: Found::default(), moment: None, before, after: 0 }
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
            let shown = self.found.hits.iter().filter(|hit| hit.matched).count();
            if self.found.matches > self.query.offset && shown < self.query.limit {
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
