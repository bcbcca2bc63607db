//! Matching lines: pattern, level and time window, counts first, a few lines shown.

use std::collections::VecDeque;

use super::{Level, Pattern, lines::Line, log_level::level_of, moment_of};
use crate::domain::time::Time;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// A line has to match it.
    pub pattern: Option<Pattern>,
    /// A line has to be of that level or worse.
    pub level: Option<Level>,
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
    /// Those that would match, but no line up to them tells a moment: whether they are of the window cannot be told.
    pub undated: u64,
    /// Those shown.
    pub hits: Vec<Hit>,
    /// Why not all of it was searched, when it was not.
    pub problem: Option<&'static str>,
    /// Its size on the disk, bytes.
    pub bytes: u64,
    /// How much text was read, bytes.
    pub read: u64,
    /// Whether the host looked first, so that only lines around what it found were looked at here.
    pub preselected: bool,
}

/// What stands before a stretch of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing: it begins the file.
    Nothing,
    /// Lines that are older than anything that is looked for.
    Older,
    /// Lines that are not known.
    Unknown,
}

/// A search on its way through the lines of one file.
pub(super) struct Search<'q> {
    query: &'q Query,
    now: Time,
    pub(super) found: Found,
    moment: Option<Time>,
    before: VecDeque<(u64, String)>,
    after: usize,
    shown: usize,
    stretch: Before,
    /// Lines of the stretch so far.
    taken: usize,
    /// Whether something could not be told without lines that are not known.
    pub(super) is_torn: bool,
}

impl<'q> Search<'q> {
    pub(super) fn new(query: &'q Query, now: Time, stretch: Before) -> Self {
        Self {
            query,
            now,
            found: Found::default(),
            moment: None,
            before: VecDeque::with_capacity(query.context),
            after: 0,
            shown: 0,
            stretch,
            taken: 0,
            is_torn: false,
        }
    }

    /// The lines that follow do not follow the ones before.
    pub(super) fn begin(&mut self, stretch: Before) {
        self.is_torn |= self.after > 0;
        self.before.clear();
        (self.moment, self.after, self.stretch, self.taken) = (None, 0, stretch, 0);
    }

    pub(super) fn line(&mut self, line: Line<'_>) {
        self.found.lines += 1 + line.covered;
        self.taken += 1;
        if self.is_match(line) {
            self.found.matches += 1;
            if self.found.matches > self.query.offset && self.shown < self.query.limit {
                self.shown += 1;
                self.is_torn |= self.stretch != Before::Nothing && self.taken <= self.query.context;
                for (number, text) in self.before.drain(..) {
                    self.found.hits.push(Hit { line: number, text, matched: false });
                }
                self.found.hits.push(Hit { line: line.number, text: line.shown(), matched: true });
                self.after = self.query.context;
                return;
            }
        }
        if self.after > 0 {
            self.after -= 1;
            self.found.hits.push(Hit { line: line.number, text: line.shown(), matched: false });
        } else if self.query.context > 0 {
            if self.before.len() == self.query.context {
                self.before.pop_front();
            }
            self.before.push_back((line.number, line.shown()));
        }
    }

    fn is_match(&mut self, line: Line<'_>) -> bool {
        let query = self.query;
        let timed = query.since.is_some() || query.until.is_some();
        if timed && let Some(moment) = moment_of(line.text, self.now) {
            self.moment = Some(moment);
        }
        // The time last: of most lines it need not be known.
        let wanted = query.level.is_none_or(|level| level_of(line.text).is_some_and(|found| found <= level))
            && query.pattern.as_ref().is_none_or(|pattern| pattern.regex.is_match(line.text.as_bytes()));
        if !wanted || !timed {
            return wanted;
        }
        self.is_torn |= self.moment.is_none() && self.stretch == Before::Unknown;
        self.found.undated += u64::from(self.moment.is_none() && self.stretch == Before::Nothing);
        self.moment.is_some_and(|moment| {
            query.since.is_none_or(|since| moment >= since) && query.until.is_none_or(|until| moment <= until)
        })
    }
}
