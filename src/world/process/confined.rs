//! Limits that a child cannot shake off: it begins as this very program, which sets them for itself and then becomes the child.

use std::{ffi::OsString, io::Write as _, os::unix::process::CommandExt as _, path::Path, process::Command};

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

use super::Invocation;

/// What a child that runs code of others may use. Processes are counted over all that the user has, so their number only stops
/// what multiplies without end.
const LIMITS: [(Resource, u64); 4] =
    [(Resource::Core, 0), (Resource::Fsize, 8 << 30), (Resource::Nofile, 4096), (Resource::Nproc, 4096)];

impl Invocation {
    /// The same within the limits, which `runner`, this very program, sets. Exit code 127 says that the program cannot be started.
    pub(crate) fn confined(mut self, runner: &Path) -> Self {
        let program = std::mem::replace(&mut self.program, runner.into());
        self.arguments.splice(..0, ["confined-run".into(), "--".into(), program]);
        self
    }
}

/// Becomes the program of this argument vector, within the limits. Returns only when that failed, and has said so on stderr.
#[expect(
    clippy::disallowed_methods,
    reason = "this process becomes the program; its environment is the one it was given"
)]
pub fn confined_run(argv: &[OsString]) {
    let Some((program, arguments)) = argv.split_first() else { return };
    umask(Mode::from_raw_mode(0o022));
    for (resource, wanted) in LIMITS {
        let within = |limit: Option<u64>| Some(limit.map_or(wanted, |limit| limit.min(wanted)));
        let now = getrlimit(resource);
        let limited = Rlimit { current: within(now.current), maximum: within(now.maximum) };
        // Lowering a limit is always allowed.
        let _ = setrlimit(resource, limited);
    }
    let error = Command::new(program).args(arguments).exec();
    let name = Path::new(program).file_name().unwrap_or_default().display();
    let _ = writeln!(std::io::stderr(), "{name} cannot be started: {}", error.kind());
}
