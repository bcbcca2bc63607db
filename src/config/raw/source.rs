//! The file that is being read, and the problems found in it.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use super::lines::Lines;
use crate::config::problem::{Problem, Severity};

/// How many problems are told. After so many, at least the last is an error if there is any.
const MOST_PROBLEMS: usize = 200;

/// The file that is being read. Problems are collected, so that an operator sees all of them at once.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    file: PathBuf,
    directory: PathBuf,
    lines: Lines<'a>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Source<'a> {
    /// A file with its text. Relative paths in it begin at its directory.
    pub(crate) fn new(file: &Path, text: &'a str) -> Self {
        Self {
            file: file.to_path_buf(),
            directory: file.parent().unwrap_or(Path::new("/")).to_path_buf(),
            lines: Lines::new(text),
            problems: RefCell::default(),
        }
    }

    /// The directory of the file.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The line of a byte offset.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.lines.position(offset).0
    }

    /// Records an error at a byte offset.
    pub(crate) fn error(&self, offset: usize, message: String, fix: String) {
        self.record(Severity::Error, offset, message, fix);
    }

    /// Records a warning at a byte offset.
    pub(crate) fn warning(&self, offset: usize, message: String, fix: String) {
        self.record(Severity::Warning, offset, message, fix);
    }

    fn record(&self, severity: Severity, offset: usize, message: String, fix: String) {
        let mut problems = self.problems.borrow_mut();
        let told_enough = problems.len() >= MOST_PROBLEMS;
        if told_enough && (severity == Severity::Warning || problems.last().is_some_and(Problem::is_error)) {
            return;
        }
        let (line, column) = self.lines.position(offset);
        problems.push(Problem { severity, file: self.file.clone(), line, column, message, fix });
    }

    /// All problems in the order of the file.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup();
        problems
    }
}
