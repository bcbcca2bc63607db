//! A directory that goes with the test process.
//!
//! A guard, one small shell, holds the other end of a pipe. When the test process is gone, however it went, the pipe closes, and
//! the guard stops the server that is there and removes the directory.

use std::{
    fs::Permissions,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

/// Waits for the end of the pipe, then for the end of the server that `pid` names.
const GUARD: &str = r#"cat >/dev/null
if pid=$(cat "$1/pid" 2>/dev/null); then
  kill -QUIT "$pid" 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1""#;

/// The directory of a server.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    guard: Child,
    pipe: Option<ChildStdin>,
}

impl Home {
    /// A new directory that holds nothing.
    pub(super) fn empty() -> Self {
        let path = public_directory();
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", GUARD, "guard"]).arg(&path).process_group(0);
        let mut guard = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pipe = guard.stdin.take();
        Self { path, guard, pipe }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guard.wait();
    }
}

/// A temporary directory that the unprivileged user can go through; its path is short enough for sockets.
pub(super) fn public_directory() -> PathBuf {
    let directory = tempfile::Builder::new().prefix("dops-").permissions(Permissions::from_mode(0o755)).tempdir();
    directory.unwrap().keep()
}
