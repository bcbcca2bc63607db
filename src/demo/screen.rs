//! What the demo shows: acts, calls, answers, and whether each thing was observed.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

/// The screen, and the score.
pub(super) struct Screen {
    colour: bool,
    begun: Instant,
    act: usize,
    seen: usize,
    missed: Vec<String>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let colour = std::io::stdout().is_terminal() && crate::config::environment::variable("NO_COLOR").is_none();
        Self { colour, begun: Instant::now(), act: 0, seen: 0, missed: Vec::new() }
    }

    /// A new act begins.
    pub(super) fn act(&mut self, title: &str) {
        self.act += 1;
        let number = self.act;
        line("");
        line(&self.paint("1;36", &format!("{number}. {title}")));
    }

    /// What somebody does.
    pub(super) fn does(&self, who: &str, what: &str) {
        line(&format!("   {} {what}", self.paint("1", &format!("{who}>"))));
    }

    /// What the server answers: the first lines.
    pub(super) fn answers(&self, text: &str, lines: usize) {
        for shown in text.lines().take(lines) {
            line(&self.paint("2", &format!("     {shown}")));
        }
    }

    /// Something that has to be true.
    pub(super) fn observe(&mut self, what: &str, is_so: bool) {
        if is_so {
            self.seen += 1;
            line(&format!("   {} {what}", self.paint("1;32", "✓")));
        } else {
            self.missed.push(what.to_owned());
            line(&format!("   {} {what}", self.paint("1;31", "✗ NOT OBSERVED:")));
        }
    }

    /// The score.
    pub(super) fn end(&self) -> ExitCode {
        line("");
        let took = self.begun.elapsed();
        if self.missed.is_empty() && self.seen > 0 {
            let text = format!("All {} things were observed, in {:.1} s.", self.seen, took.as_secs_f64());
            line(&self.paint("1;32", &text));
            ExitCode::SUCCESS
        } else {
            line(&self.paint("1;31", &format!("{} things were not observed:", self.missed.len())));
            self.missed.iter().for_each(|what| line(&format!("  - {what}")));
            ExitCode::FAILURE
        }
    }

    /// The demo itself could not go on.
    pub(super) fn broken(&self, why: &str) -> ExitCode {
        line(&self.paint("1;31", &format!("The demo could not go on: {why}")));
        ExitCode::FAILURE
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn line(text: &str) {
    // A closed pipe ends the show, not the demo.
    let _ = writeln!(std::io::stdout(), "{text}");
}
