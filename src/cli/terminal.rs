//! Output for humans and for scripts: the only place of the commands that writes to stdout and stderr.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unused_self,
    reason = "the operator's commands print, and only who was handed a Terminal does; serving MCP, which owns stdout, prints nothing here"
)]

use std::io::IsTerminal;

use super::Exit;
use crate::{
    config::{Problem, environment},
    domain::{
        clean::{clean, clean_line},
        refusal::Refusal,
    },
    redact::{Redacted, Redactor},
};

/// Where a command prints. Colour only on a terminal, and never when `NO_COLOR` is set (<https://no-color.org>).
#[derive(Debug, Clone)]
pub struct Terminal {
    colour_out: bool,
    colour_err: bool,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Well.
    Good,
    /// Should be looked at.
    Weak,
    /// Wrong.
    Bad,
    /// A heading.
    Strong,
    /// Less important.
    Faint,
}

impl Tone {
    /// SGR parameters (ECMA-48, 8.3.117).
    fn parameters(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Weak => "33",
            Self::Bad => "31",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

impl Terminal {
    /// The standard streams of this process.
    pub fn new() -> Self {
        let wanted = environment::variable("NO_COLOR").is_none()
            && environment::variable("TERM").is_none_or(|term| term.into_text() != "dumb");
        Self {
            colour_out: wanted && std::io::stdout().is_terminal(),
            colour_err: wanted && std::io::stderr().is_terminal(),
        }
    }

    /// A terminal without colours, for programs.
    pub fn quiet() -> Self {
        Self { colour_out: false, colour_err: false }
    }

    /// A text in a tone, for stdout.
    pub(crate) fn tone(&self, tone: Tone, text: &str) -> String {
        paint(self.colour_out, tone, text)
    }

    /// A line of our own making on stdout: nothing in it comes from outside.
    pub(crate) fn line(&self, text: &str) {
        println!("{text}");
    }

    /// Text from outside, redacted, on stdout.
    pub(crate) fn show(&self, text: &Redacted<String>) {
        println!("{}", clean(text));
    }

    /// A line that is partly from outside: redacted and cleaned here.
    pub(crate) fn say(&self, redactor: &Redactor, text: &str) {
        println!("{}", clean_line(&redactor.text(text)));
    }

    /// The same with a mark in a tone before it.
    pub(crate) fn mark(&self, redactor: &Redactor, tone: Tone, mark: &str, text: &str) {
        println!("{} {}", self.tone(tone, mark), clean_line(&redactor.text(text)));
    }

    /// A redacted JSON value on one line, for programs. JSON escapes control characters by itself.
    pub(crate) fn json(&self, value: &Redacted<serde_json::Value>) {
        println!("{}", **value);
    }

    /// A remark beside the result, on stderr.
    pub(crate) fn remark(&self, redactor: &Redactor, text: &str) {
        eprintln!("{}", clean_line(&redactor.text(text)));
    }

    /// A refusal, on stderr, and its exit code.
    pub(crate) fn refuse(&self, redactor: &Redactor, refusal: &Refusal) -> Exit {
        let shown = clean_line(&redactor.text(&refusal.to_string()));
        eprintln!("{} {shown}", paint(self.colour_err, Tone::Bad, "refused:"));
        for fact in &refusal.evidence {
            eprintln!("  {}", clean_line(&redactor.text(fact)));
        }
        Exit::of_refusal(refusal)
    }

    /// A mistake on the command line, in our own words, and its exit code.
    pub(crate) fn mistake(&self, text: &str) -> Exit {
        eprintln!("{} {}", paint(self.colour_err, Tone::Bad, "error:"), clean_line(text));
        Exit::Usage
    }

    /// The problems of a configuration, on stderr. None of them holds a value.
    pub(crate) fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            let tone = if problem.is_error() { Tone::Bad } else { Tone::Weak };
            eprintln!("{}", paint(self.colour_err, tone, &clean_line(&problem.to_string())));
        }
    }

    /// What the parser of the command line says: help on stdout, mistakes on stderr.
    pub(crate) fn usage(&self, problem: &clap::Error) -> Exit {
        // Nothing can be done when the stream is closed.
        let _ = problem.print();
        if problem.use_stderr() { Exit::Usage } else { Exit::Done }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// The name of a plain variant, as it stands in JSON.
pub(crate) fn words<T: serde::Serialize>(variant: &T) -> String {
    serde_json::to_value(variant).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn paint(colour: bool, tone: Tone, text: &str) -> String {
    if colour { format!("\u{1b}[{}m{text}\u{1b}[0m", tone.parameters()) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_an_addition_to_the_text() {
        assert_eq!(paint(false, Tone::Bad, "x"), "x");
        assert_eq!(paint(true, Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
