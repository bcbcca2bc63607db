//! What a host can do: one short command, and two questions beside it. It changes nothing there.

mod parse;

use std::{path::Path, time::Instant};

use super::{Command, Remote, is_transient, space};
use crate::{
    domain::{
        capabilities::{Capabilities, PROGRAMS, Shell},
        refusal::Code,
        space::Space,
    },
    world::WorldError,
};

/// Asks for everything at once: `$1` is where room is looked for, `$2` the programs. What a login shell says by itself stands before the
/// first line of ours, and an answer that was cut has no last line.
const SCRIPT: &str = concat!(
    r#"echo deploy-ops-probe
say() { printf '%s %s\n' "$1" "$2"; }
say login "${SHELL:-}"
say system "$(uname -s -r -m 2>/dev/null)"
say distribution "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null)"
say sh "$(readlink "/proc/$$/exe" 2>/dev/null)"
say home "${HOME:-}"
say umask "$(umask)"
case "$(ls --version 2>&1)" in
*BusyBox*) say coreutils busybox ;;
*uutils*) say coreutils uutils ;;
*GNU*) say coreutils gnu ;;
*[Tt]oybox*) say coreutils toybox ;;
*) say coreutils other ;;
esac
if test -r /proc/self/stat; then say proc yes; fi
for program in $2; do
  if command -v "$program" >/dev/null 2>&1; then say has "$program"; fi
done
"#,
    space::script!(),
    r#"say clock "$(date -u +%s)"
echo deploy-ops-end
"#
);

impl Remote<'_> {
    /// Finds out what the host can do. `directory` is where room is looked for.
    pub(in crate::world) async fn probe(&self, directory: &Path) -> Result<Capabilities, WorldError> {
        let fingerprint = self.fingerprint().await?;
        let (asked, files, forwards) = tokio::join!(self.ask_shell(directory), self.files(), self.forwards());
        let (shell, mut space) = asked?;
        let files = match files {
            Ok(files) => Some(files),
            Err(error) if is_transient(&error) => return Err(error),
            Err(_) => None,
        };
        if let (None, Some(files)) = (&space, &files) {
            space = files.space(directory).await.ok().flatten();
        }
        // Last, when nothing else is on the way.
        let begun = Instant::now();
        match (&shell, &files) {
            (Some(_), _) => drop(self.run("answer", Command::sh(":")).await?),
            (None, Some(files)) => drop(files.stat(directory).await?),
            (None, None) => {
                return Err(WorldError::new(
                    Code::Unsupported,
                    format!("look at host {}", self.name),
                    "it lets us log in, but neither run commands nor move files",
                    "Use a login with a shell or with SFTP, or ask the provider for one.",
                ));
            }
        }
        let round_trip_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let sftp = files.map(|files| files.extension_names());
        let seen_at = self.reader.now();
        Ok(Capabilities { seen_at, fingerprint, round_trip_ms, shell, sftp, forwards, space })
    }

    /// What the shell says; nothing where there is none.
    async fn ask_shell(&self, directory: &Path) -> Result<(Option<Shell>, Option<Space>), WorldError> {
        let command = Command::sh(SCRIPT).arg(directory).arg(PROGRAMS.join(" ")).with_own_umask().at_most(64 * 1024);
        let before = self.reader.now();
        let ran = match self.run("look at what it has", command).await {
            Ok(ran) => ran,
            Err(error) if is_transient(&error) => return Err(error),
            // It does not let us run commands, or answers in a way that no shell does.
            Err(_) => return Ok((None, None)),
        };
        let took_ms = self.reader.now().millis_since(before);
        let middle = before.plus_s(i64::try_from(took_ms / 2000).unwrap_or(0));
        Ok(match parse::answer(&ran.text(), middle) {
            Some((shell, space)) => (Some(shell), space),
            None => (None, None),
        })
    }
}
