//! What a host says of a run, read strictly.

use super::There;
use crate::{
    domain::refusal::Code,
    world::{WorldError, process::Ending, ssh::Command},
};

const LOOK: &str = concat!(include_str!("process.sh"), include_str!("look.sh"));

/// What the host says of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// There is none.
    Absent,
    /// Who runs it lives, or cannot be seen from where we look.
    Running,
    /// It ended.
    Exited { ending: Ending, seconds: u64 },
    /// Who ran it is gone and left no result.
    Lost { script_runs: bool },
}

/// A look at a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) said: Said,
    /// How long its raw output is, bytes.
    pub(super) size: u64,
    /// The piece of it that was asked for.
    pub(super) piece: Vec<u8>,
}

impl There<'_> {
    /// Looks at the run and reads at most `most` bytes of its raw output from `offset`.
    pub(super) async fn look(&self, offset: u64, most: usize) -> Result<View, WorldError> {
        let doing = "look at a script";
        let command = Command::sh(LOOK).arg(&self.directory).arg(offset.to_string()).arg(most.to_string());
        let ran = self.remote.run(doing, command.at_most(most + 256)).await?;
        if !ran.is_success() {
            return Err(self.remote.failed(doing, &ran));
        }
        parse(&ran.output, most).ok_or_else(|| {
            WorldError::new(
                Code::WorldFailed,
                format!("{doing} on host {}", self.name()),
                "its answer makes no sense",
                "Let the start-up files of the login's shell (.bashrc) write nothing, and look at the host.",
            )
        })
    }

    /// Removes the raw output; the result and the redacted output are safe here. What cannot be removed now is removed with the
    /// directory, before the next run.
    pub(super) async fn remove_output(&self) {
        let command = Command::sh(r#"exec rm -f -- "$1""#).arg(self.directory.join("log"));
        if let Err(error) = self.remote.text("remove the output of a script", command).await {
            tracing::warn!(host = %self.name(), error = &error as &dyn std::error::Error, "the raw output stays there");
        }
    }
}

fn parse(output: &[u8], most: usize) -> Option<View> {
    let mut parts = output.splitn(3, |byte| *byte == b'\n');
    let said = said(std::str::from_utf8(parts.next()?).ok()?)?;
    let size = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let piece = parts.next()?.to_vec();
    (piece.len() <= most).then_some(View { said, size, piece })
}

fn said(line: &str) -> Option<Said> {
    let words: Vec<&str> = line.split(' ').collect();
    Some(match words.as_slice() {
        ["absent"] => Said::Absent,
        ["running"] => Said::Running,
        ["lost"] => Said::Lost { script_runs: false },
        ["orphaned"] => Said::Lost { script_runs: true },
        ["exited", why, code, seconds] => {
            let code: u8 = code.parse().ok()?;
            let ending = match *why {
                "code" => Ending::Code(i32::from(code)),
                "timeout" => Ending::TimedOut,
                "cancel" => Ending::Cancelled,
                // As when a file becomes larger than it may be (SIGXFSZ).
                "flood" => Ending::Signal(25),
                _ => return None,
            };
            Said::Exited { ending, seconds: seconds.parse().ok()? }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_strictly() {
        let exited = |why: &str| parse(format!("exited {why} 3 12\n5\nab\nc\n").as_bytes(), 5).map(|view| view.said);
        assert_eq!(exited("code"), Some(Said::Exited { ending: Ending::Code(3), seconds: 12 }));
        assert_eq!(exited("timeout"), Some(Said::Exited { ending: Ending::TimedOut, seconds: 12 }));
        assert_eq!(exited("cancel"), Some(Said::Exited { ending: Ending::Cancelled, seconds: 12 }));
        assert_eq!(exited("flood"), Some(Said::Exited { ending: Ending::Signal(25), seconds: 12 }));
        let view = View { said: Said::Running, size: 7, piece: b"x\ny".to_vec() };
        assert_eq!(parse(b"running\n7\nx\ny", 3), Some(view));
        for bad in [
            &b""[..],
            b"running",
            b"running\n",
            b"running\n-1\n",
            b"Welcome!\nrunning\n0\n",
            b"running \n0\n",
            b"exited code\n0\n",
            b"exited code 256 1\n0\n",
            b"exited magic 0 1\n0\n",
            b"running\n9\nlonger",
        ] {
            assert_eq!(parse(bad, 5), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
