//! What an export need not be sent again of, because an earlier one is still on the host.

use std::{os::unix::ffi::OsStrExt, path::Path, time::Duration};

use crate::world::{
    WorldError,
    ssh::{Command, Remote, RemoteTree},
    tree::Kind,
};

const SEED: &str = include_str!("seed.sh");
/// How long copying may take. What was not copied is sent.
const PATIENCE: Duration = Duration::from_mins(2);

/// Begins the export `to` of a run with the files that the newest earlier export of the same owner has under the wanted names. What they
/// hold is not believed: whoever sends the export compares all of it and sends what is different.
pub(in crate::world) async fn seed(
    remote: Remote<'_>,
    wanted: &RemoteTree,
    to: &Path,
    owner: &str,
) -> Result<(), WorldError> {
    let doing = "find what an earlier script was sent";
    let Some(runs) = to.ancestors().nth(3) else { return Ok(()) };
    let files = wanted.entries.iter().filter(|entry| matches!(entry.kind, Kind::File { .. }));
    // Never taken for options.
    let names = files.flat_map(|file| [b"./", file.path.as_os_str().as_bytes(), b"\0"].concat()).collect::<Vec<u8>>();
    let command = Command::sh(SEED).arg(runs).arg(owner).arg(to).input(names).within(PATIENCE);
    let ran = remote.run(doing, command).await?;
    if !ran.is_success() {
        let error = remote.failed(doing, &ran);
        tracing::warn!(error = &error as &dyn std::error::Error, "an export is sent whole");
    }
    Ok(())
}
