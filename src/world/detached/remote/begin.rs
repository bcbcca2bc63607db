//! Starting a script on a host.

use std::{os::unix::ffi::OsStrExt, time::Duration};

use super::{Note, PATIENCE, There};
use crate::{
    domain::refusal::Code,
    redact::Secret,
    world::{
        WorldError,
        detached::ScriptRun,
        process::{Environment, Leftovers},
        ssh::Command,
    },
};

const START: &str = include_str!("start.sh");
const RUNNER: &str = concat!(include_str!("process.sh"), include_str!("runner.sh"));
/// A script that writes more is ended, bytes: it would fill the disk, or the quota of everybody there.
pub(super) const LOG: u64 = 256 * 1024 * 1024;

impl There<'_> {
    /// Starts the script, unless somebody has started it already. Returns when it is claimed. Starting is repeated while the
    /// connection is lost: of any number of starts one wins.
    pub(in crate::world) async fn start(
        &self,
        fence: i64,
        owner: &str,
        run: &ScriptRun,
        secrets: Vec<Secret>,
    ) -> Result<(), WorldError> {
        if self.noted(Note::Claimed) {
            return Ok(());
        }
        let doing = "start a script";
        let (path, bytes) =
            run.script.as_ref().map_or((String::new(), &[][..]), |s| (s.path.display().to_string(), &s.bytes));
        let mut input = variables(Environment::default().declare(&run.environment).grant(secrets))?;
        input.extend_from_slice(bytes);
        let leftovers = match self.leftovers {
            Leftovers::Stay => "stay",
            Leftovers::End => "end",
        };
        // Everybody there can see the arguments of processes: no need to explain ourselves in them.
        let runner: Vec<&str> = RUNNER.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let mut command = Command::sh(START).arg(&self.directory).arg(fence.to_string()).arg(path).arg(owner);
        command = command.arg(runner.join("\n"));
        command = command.arg(run.timeout_s.to_string()).arg(LOG.to_string()).arg(leftovers).arg(&run.directory);
        for word in &run.argv {
            command = command.arg(word);
        }
        let command = command.input(input).within(Duration::from_mins(1)).at_most(4096);
        self.note(Note::Asked)?;
        let answer = self.remote.patiently(PATIENCE, || self.remote.text(doing, command.clone())).await?;
        match answer.lines().last() {
            Some("claimed") => self.note(Note::Claimed),
            other => Err(self.refused(doing, other.unwrap_or_default())),
        }
    }

    fn refused(&self, doing: &str, answer: &str) -> WorldError {
        let (code, problem, fix) = match answer {
            "stale" => (
                Code::Locked,
                "another server has taken over this operation",
                "Look at the operation with operation_status.",
            ),
            "altered" => (
                Code::PlanStale,
                "the script's bytes on the host are not the planned ones",
                "Find out who changes files below .deploy-ops there, then make a new plan.",
            ),
            "blind" => (
                Code::Unsupported,
                "it has no program cmp, so the script cannot be compared with the planned one",
                "Let the provider install diffutils, or let the script run here.",
            ),
            "shared" => (
                Code::Unsupported,
                "its processes cannot be told from those of other logins, so a script could not be ended",
                "Let the provider install setsid (util-linux), or let the script run here.",
            ),
            _ => (
                Code::WorldFailed,
                "its answer makes no sense",
                "Let the start-up files of the login's shell (.bashrc) write nothing, and look at the host.",
            ),
        };
        WorldError::new(code, format!("{doing} on host {}", self.name()), problem, fix)
    }
}

/// The environment as `start.sh` reads it: how many variables, then of each its name, how many lines its value has, and these.
fn variables(environment: Environment) -> Result<Vec<u8>, WorldError> {
    let all = environment.checked()?;
    let mut text = format!("{}\n", all.len()).into_bytes();
    for (name, value) in all {
        let value = value.as_bytes();
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.starts_with(char::is_numeric);
        if !plain || value.contains(&0) {
            return Err(WorldError::new(
                Code::Unsupported,
                format!("set the variable {name} for a script on a host"),
                "a shell cannot pass it on",
                "Use letters, digits and _ in its name, and no zero byte in its value.",
            ));
        }
        let lines = value.iter().filter(|byte| **byte == b'\n').count() + 1;
        text.extend_from_slice(format!("{name}\n{lines}\n").as_bytes());
        text.extend_from_slice(value);
        text.push(b'\n');
    }
    Ok(text)
}
