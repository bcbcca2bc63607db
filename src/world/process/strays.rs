//! Who left the process group of a child, as browsers do, and still lives when nothing of it may.

use std::{fs, path::PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// How often it is looked for who was begun meanwhile.
const ROUNDS: usize = 10;

/// Ends, when it is dropped, every process in whose environment a directory of this child alone is named.
pub(crate) struct Strays(PathBuf);

impl Strays {
    /// The processes of a child whose environment names this directory, whose name is used nowhere else.
    pub(crate) fn of(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// Ends those who can be seen now; whether there was one.
    fn end(&self) -> bool {
        let Ok(entries) = fs::read_dir("/proc") else { return false };
        let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let others = numbers.filter(|number| *number != getpid().as_raw_pid());
        others.filter(|number| self.end_one(*number)).count() > 0
    }

    fn end_one(&self, number: i32) -> bool {
        // Opened before it is looked at: a number that is given to somebody else meanwhile is not theirs.
        let Some(Ok(process)) = Pid::from_raw(number).map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
            return false;
        };
        let wanted = self.0.as_os_str().as_encoded_bytes();
        let named = fs::read(format!("/proc/{number}/environ"))
            .is_ok_and(|environment| environment.windows(wanted.len()).any(|part| part == wanted));
        named && pidfd_send_signal(&process, Signal::KILL).is_ok()
    }
}

impl Drop for Strays {
    fn drop(&mut self) {
        for _ in 0..ROUNDS {
            if !self.end() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{process::Stdio, time::Duration};

    use super::*;
    use crate::world::process::{Environment, Invocation, run};

    #[tokio::test]
    async fn who_left_the_group_is_ended_and_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let script = "setsid sh -c 'echo $$ > pid; exec sleep 600' & while [ ! -s pid ]; do :; done; cat pid";
        let argv = ["sh".to_owned(), "-c".to_owned(), script.to_owned()];
        let mut invocation = Invocation::of(&argv, directory.path(), Duration::from_secs(30)).unwrap();
        invocation.environment = Environment::default().ours("TMPDIR", directory.path());
        let strays = Strays::of(directory.path());
        let finished = run(invocation).await.unwrap();
        let pid = finished.output.text().trim().to_owned();
        let lives = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        assert!(lives(), "{}", finished.output.text());
        #[expect(clippy::disallowed_methods, reason = "one that is not ours")]
        let mut other =
            tokio::process::Command::new("sleep").arg("600").stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        drop(strays);
        for _ in 0..500 {
            if !lives() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!lives());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().await.unwrap();
    }
}
