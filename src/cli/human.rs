//! A human at a terminal: who can be asked, and cannot be a pipe.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, IsTerminal, Write},
};

use rustix::termios::{LocalModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use crate::domain::clean::clean;
use crate::domain::refusal::{Code, Refusal};

/// The controlling terminal of this process, opened for asking.
#[derive(Debug)]
pub(crate) struct Human {
    terminal: File,
    typed: BufReader<File>,
}

/// The longest line that is read from a terminal, bytes: that of Linux's line discipline.
const LONGEST: u64 = 4096;

impl Human {
    /// The human in front of this process. Refused when stdin, stdout or stderr is not a terminal, or when there is none.
    pub(crate) fn present() -> Result<Self, Refusal> {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(nobody());
        }
        // The streams may be another terminal than the one that controls us; the human sits at that one.
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|_| nobody())?;
        let typed = BufReader::new(terminal.try_clone().map_err(|_| nobody())?);
        Ok(Self { terminal, typed })
    }

    /// Shows a text; it is cleaned, not redacted.
    pub(crate) fn show(&mut self, text: &str) -> Result<(), Refusal> {
        self.terminal.write_all(clean(text).as_bytes()).and_then(|()| self.terminal.flush()).map_err(|_| nobody())
    }

    /// Asks for a line. What was typed before the question does not count.
    pub(crate) fn ask(&mut self, question: &str) -> Result<String, Refusal> {
        tcflush(&self.terminal, QueueSelector::IFlush).map_err(|_| nobody())?;
        self.show(question)?;
        let mut line = Vec::new();
        let mut limited = std::io::Read::take(&mut self.typed, LONGEST);
        let length = limited.read_until(b'\n', &mut line).map_err(|_| nobody())?;
        if length == 0 {
            return Err(nobody());
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    /// Asks for a line that is not shown while it is typed.
    pub(crate) fn ask_hidden(&mut self, question: &str) -> Result<String, Refusal> {
        let before = tcgetattr(&self.terminal).map_err(|_| nobody())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&self.terminal, OptionalActions::Flush, &hidden).map_err(|_| nobody())?;
        let answer = self.ask(question);
        // The echo comes back whatever was answered.
        let restored = tcsetattr(&self.terminal, OptionalActions::Now, &before);
        self.show("\n")?;
        restored.map_err(|_| nobody())?;
        answer
    }
}

fn nobody() -> Refusal {
    Refusal::new(
        Code::Forbidden,
        "This command wants a human at a terminal, and there is none.",
        "Run it yourself in a terminal, without pipes or redirections.",
    )
}
