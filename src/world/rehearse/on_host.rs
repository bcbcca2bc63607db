//! A dry run on the host itself, by a login that is proven to be unable to write to the target.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    domain::{clean::clean, inventory::Target, name::HostName, refusal::Code, step::ScriptCall},
    world::{
        Reader, WorldError,
        detached::{ScriptState, remote::There},
        process::{Capture, Finished, Sink},
        scripts,
        ssh::{Command, Remote, Role, literally},
    },
};

/// Names what of a target a login could write to, one a line: by what the system says of its rights, by who owns it, and by trying.
/// `$1` is the target's root, `$2` the root of the host; the patterns behind them are left out.
const WRITABLE: &str = r#"root=$1 top=$2
shift 2
n=$#
while [ "$n" -gt 0 ]; do
  set -- "$@" -path "$1" -prune -o
  shift
  n=$((n - 1))
done
if [ -e "$root" ]; then
  find "$root" "$@" ! -type l \( -user "$(id -u)" -print -o -exec sh -c '
    for each do [ ! -w "$each" ] || printf "%s\n" "$each"; done' sh {} + \) 2>/dev/null | head -n 20
  if mkdir "$root/.deploy-ops-try.$$" 2>/dev/null; then
    rmdir "$root/.deploy-ops-try.$$"
    echo "$root"
  fi
fi
up=$root
while [ "$up" != "$top" ] && [ "$up" != / ]; do
  up=$(dirname "$up")
  [ ! -w "$up" ] || echo "$up"
done
exit 0"#;
const SCRATCH: &str = r#"exec mkdir -m 700 -- "$1""#;
const REMOVE: &str = r#"exec rm -rf -- "$1""#;

impl Reader<'_> {
    /// Why the scripts of a target cannot be rehearsed on its host; `None` when they can.
    pub(super) async fn refusal_to_rehearse(
        self,
        host: &HostName,
        target: &Target,
    ) -> Result<Option<String>, WorldError> {
        if let Err(error) = self.refuse_where_leftovers_end(host) {
            return Ok(Some(said(&error)));
        }
        let deploys = self.where_planned(host, target)?;
        let Some(rehearses) = self.remote(host, Role::Rehearse) else { return Ok(None) };
        match who(rehearses).await {
            Err(error) if error.code == Code::Unsupported => return Ok(Some(said(&error))),
            Err(error) => return Err(error),
            Ok(user) if user == "0" || user == who(deploys).await? => {
                return Ok(Some(format!(
                    "The rehearsal login of host {host} is the one who deploys, or the administrator. Fix: give rehearsals a \
                     user of their own, who can only read."
                )));
            }
            Ok(_) => {}
        }
        let doing = "find out what the rehearsal login can write";
        let root = self.inventory().hosts.get(host).map(|host| host.root.clone()).unwrap_or_default();
        let mut writable = Command::sh(WRITABLE).arg(&target.root).arg(root).within(Duration::from_mins(2));
        for volatile in &target.volatile {
            writable = writable.arg(literally(&volatile.below(&target.root).display().to_string()));
        }
        let found = rehearses.text(doing, writable).await?;
        Ok(found.lines().next().map(|first| {
            let first = clean(first);
            format!(
                "The rehearsal login of host {host} can write to {first}, so a dry run could change it. Fix: take the right to \
                 write from it, or name the path as volatile."
            )
        }))
    }

    /// Runs the dry run of `call` on the host, in a directory that is thrown away, without secrets. `export` is the commit's, with
    /// the script at `script`.
    pub(super) async fn rehearse_on_host(
        self,
        host: &HostName,
        call: &ScriptCall,
        export: &Path,
        script: &Path,
        dry_run: &[String],
    ) -> Result<Finished, WorldError> {
        let Some(remote) = self.remote(host, Role::Rehearse) else {
            return Err(WorldError::unsupported(
                format!("rehearse on host {host}"),
                "a rehearsal over SSH on this machine",
            ));
        };
        let scratch = PathBuf::from(format!("/tmp/deploy-ops-{}", uuid::Uuid::new_v4().simple()));
        remote.text("make a scratch directory", Command::sh(SCRATCH).arg(&scratch)).await?;
        let finished = self.in_scratch(remote, call, export, script, dry_run, &scratch).await;
        if let Err(error) = remote.text("remove a scratch directory", Command::sh(REMOVE).arg(&scratch)).await {
            tracing::warn!(%host, error = &error as &dyn std::error::Error, "a scratch directory stays on the host");
        }
        finished
    }

    async fn in_scratch(
        self,
        remote: Remote<'_>,
        call: &ScriptCall,
        export: &Path,
        script: &Path,
        dry_run: &[String],
        scratch: &Path,
    ) -> Result<Finished, WorldError> {
        let ours = self.scratch("rehearse-there-")?;
        let directory = scratch.join("export");
        let placed = scripts::send(remote, export, script, &directory, None).await?;
        let at = placed.path.clone();
        let mut run = scripts::run(call, &at, directory, Some(placed));
        run.argv.extend(dry_run.iter().cloned());
        run.secrets.clear();
        run.environment.entry("HOME".to_owned()).or_insert_with(|| scratch.display().to_string());
        let there = There::new(remote, scratch.join("runs/rehearsal/run"), ours.path().join("run"), call.timeout_s);
        let there = there.without_leftovers();
        there.start(0, "rehearsal", &run, Vec::new()).await?;
        match there.follow(&|_| {}).await {
            ScriptState::Exited(result) => {
                let mut capture = Capture::default();
                let output = std::fs::read(ours.path().join("run/log"));
                capture.take(&output.map_err(|error| WorldError::io("read the output of a dry run", error))?);
                Ok(Finished { ending: result.ending, output: capture.finish(), duration_ms: result.duration_ms })
            }
            ScriptState::Unseen { why, .. } => Err(unknown(remote, why)),
            ScriptState::NotStarted | ScriptState::Running | ScriptState::Lost { .. } => {
                Err(unknown(remote, "it vanished without a result".to_owned()))
            }
        }
    }
}

/// The number of the user as whom we are logged in.
async fn who(remote: Remote<'_>) -> Result<String, WorldError> {
    remote.text("ask who we are", Command::sh("exec id -u").at_most(64)).await
}

fn said(error: &WorldError) -> String {
    format!("Cannot {}: {}. Fix: {}", error.doing, error.problem, error.fix)
}

fn unknown(remote: Remote<'_>, why: String) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("watch a dry run on host {}", remote.name()),
        why,
        "Look at the host, then run the dry run again.",
    )
}
