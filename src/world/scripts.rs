//! Scripts of a repository, made ready to run: the planned bytes, in an export of their commit.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Reader, World, WorldError,
    blocking::blocking,
    detached::{PlacedScript, ScriptRun, remote::seed},
    host::Place,
    releases,
    ssh::{Command, Delivery, Remote, RemoteTree, Role},
};
use crate::{
    domain::{
        inventory::{Service, Target},
        name::{EnvironmentName, HostName},
        operation::OperationId,
        refusal::Code,
        release::ReleaseId,
        step::ScriptCall,
        version::Version,
    },
    policy::Permit,
};

/// What may stand in the arguments of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders {
    /// `{version}`.
    pub version: String,
    /// `{commit}`.
    pub commit: String,
    /// `{environment}`.
    pub environment: String,
    /// `{root}`.
    pub root: String,
    /// `{previous_version}`; empty when there is none.
    pub previous_version: String,
}

impl Placeholders {
    /// For a version with its commit, where it runs, and what it replaces.
    pub fn new(
        version: &Version,
        commit: &str,
        environment: &EnvironmentName,
        target: &Target,
        previous: Option<&Version>,
    ) -> Self {
        Self {
            version: version.to_string(),
            commit: commit.to_owned(),
            environment: environment.to_string(),
            root: target.root.display().to_string(),
            previous_version: previous.map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The arguments with their placeholders filled. Each stays one argument, whatever is put into it, and nothing that was
    /// put in is looked at again.
    pub fn fill(&self, arguments: &[String]) -> Vec<String> {
        let values = [
            ("{version}", &self.version),
            ("{commit}", &self.commit),
            ("{environment}", &self.environment),
            ("{root}", &self.root),
            ("{previous_version}", &self.previous_version),
        ];
        let fill = |argument: &String| {
            let (mut filled, mut rest) = (String::new(), argument.as_str());
            while let Some(at) = rest.find('{') {
                let (before, from) = rest.split_at(at);
                filled.push_str(before);
                if let Some((value, after)) =
                    values.iter().find_map(|(name, value)| Some((value, from.strip_prefix(name)?)))
                {
                    filled.push_str(value);
                    rest = after;
                } else {
                    filled.push('{');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
            filled.push_str(rest);
            filled
        };
        arguments.iter().map(fill).collect()
    }
}

impl World {
    /// The export of a commit in the operation's own directory; made at the first call.
    pub async fn export_commit(
        &self,
        permit: &Permit,
        service: &Service,
        commit: &str,
        tree: Option<&str>,
    ) -> Result<PathBuf, WorldError> {
        let directory = self.reader().export_path(permit.operation(), commit);
        if !directory.is_dir() {
            let parent = self.paths.operation(permit.operation());
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&parent)
                .map_err(|e| WorldError::io("make the operation's directory", e))?;
            self.reader().export_to(service, commit, tree, &directory).await?;
        }
        Ok(directory)
    }

    /// Makes a call ready: exports its commit, puts the planned bytes beside the script, and says what to run. `tag` tells apart
    /// two calls of one operation. A call for a host over SSH gets its export there, in the directory of its run.
    pub async fn prepare_script(
        &self,
        permit: &Permit,
        service: &Service,
        target: &Target,
        call: &ScriptCall,
        in_release: Option<&ReleaseId>,
        tag: &str,
    ) -> Result<ScriptRun, WorldError> {
        let export = self.export_commit(permit, service, &call.commit, None).await?;
        let script = self.reader().place_script(service, call, &export, tag).await?;
        let Some(host) = &call.host else {
            let directory = match in_release {
                Some(release) => releases::directory(self.reader().root_here(target)?, release),
                None => export,
            };
            return Ok(run(call, &script, directory, None));
        };
        let remote = self.reader().where_planned(host, target)?;
        let there = self.reader().run_directory(host, &self.paths.operation(permit.operation()).join(tag));
        let to = there.join("export");
        let sent = || async {
            remote.claim(&target.root, permit).await?;
            send(remote, &export, &script, &to, Some(&permit.plan().resource())).await
        };
        let placed = Box::pin(remote.patiently(PATIENCE, sent)).await?;
        let at = placed.path.clone();
        let directory = in_release.map_or(to, |release| releases::directory(&target.root, release));
        Ok(run(call, &at, directory, Some(placed)))
    }
}

/// How long the way to the host may be gone while an export is sent.
const PATIENCE: Duration = Duration::from_secs(90);
/// Makes a directory that nobody else can look into, with those above it.
const PRIVATE: &str = r#"umask 077; exec mkdir -p -- "$1""#;

/// Sends an export to a host, for a script that lies in it: only what an earlier export of `owner` there does not hold. Says where the
/// script is there, and what it must hold.
pub(super) async fn send(
    remote: Remote<'_>,
    export: &Path,
    script: &Path,
    to: &Path,
    owner: Option<&str>,
) -> Result<PlacedScript, WorldError> {
    let io = |error| WorldError::io("send a script", error);
    let below = script.strip_prefix(export).map_err(|error| io(std::io::Error::other(error)))?;
    let placed = PlacedScript { path: to.join(below), bytes: fs::read(script).map_err(io)? };
    let from = export.to_owned();
    let wanted = blocking(move || RemoteTree::here(&from)).await?;
    let doing = "send the files of a script";
    remote.text(doing, Command::sh(PRIVATE).arg(to.parent().unwrap_or(to))).await?;
    if let Some(owner) = owner {
        seed(remote, &wanted, to, owner).await?;
    }
    remote.send_tree(doing, &Delivery { from: export, wanted: &wanted, to, base: None }).await?;
    Ok(placed)
}

/// A call, with its script at this place.
pub(super) fn run(call: &ScriptCall, script: &Path, directory: PathBuf, placed: Option<PlacedScript>) -> ScriptRun {
    ScriptRun {
        argv: argv(call, script),
        directory,
        environment: call.environment.clone(),
        secrets: call.secrets.clone(),
        timeout_s: call.timeout_s,
        script: placed,
    }
}

impl<'w> Reader<'w> {
    /// The host that a plan names for a script. The target may have moved since.
    pub(super) fn where_planned(self, host: &HostName, target: &Target) -> Result<Remote<'w>, WorldError> {
        match self.place(host, Role::Deploy)? {
            Place::There(remote) if *host == target.host => Ok(remote),
            _ => Err(WorldError::new(
                Code::PlanStale,
                format!("run a script on host {host}"),
                "the target is on another host now, or the host is this machine",
                "Run the dry run again and execute the new plan.",
            )),
        }
    }
}

impl Reader<'_> {
    /// Where the export of a commit lies in an operation's directory.
    pub fn export_path(&self, operation: &OperationId, commit: &str) -> PathBuf {
        self.world.paths.operation(operation).join(format!("export-{}", commit.get(..12).unwrap_or(commit)))
    }

    /// Writes the planned bytes beside the script in an export, so that its helpers are found where it expects them. The bytes
    /// come from the repository again and must have the planned digest: what an earlier script did to the export does not matter.
    pub(crate) async fn place_script(
        &self,
        service: &Service,
        call: &ScriptCall,
        export: &Path,
        tag: &str,
    ) -> Result<PathBuf, WorldError> {
        let doing = || format!("make {} ready", call.path);
        let file = self.file_at(service, &call.commit, &call.path).await?.filter(|file| file.digest == call.digest);
        let Some(file) = file else {
            return Err(WorldError::new(
                Code::PlanStale,
                doing(),
                "its bytes are not the planned ones",
                "Run the dry run again and execute the new plan.",
            ));
        };
        let io = |e| WorldError::io(doing(), e);
        let original = call.path.below(export);
        let place = original.with_file_name(format!(".{tag}.{}", call.path.file_name()));
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(io)?;
            // Its directory may be a link by now, if an earlier script made it one.
            let real = fs::canonicalize(parent).map_err(io)?;
            if !real.starts_with(fs::canonicalize(export).map_err(io)?) {
                return Err(io(std::io::ErrorKind::PermissionDenied.into()));
            }
        }
        let _ = fs::remove_file(&place);
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o500).open(&place).map_err(io)?;
        copy.write_all(&file.bytes).and_then(|()| copy.sync_all()).map_err(io)?;
        Ok(place)
    }
}

/// The interpreter with its arguments, the script, the script's arguments.
pub(crate) fn argv(call: &ScriptCall, script: &Path) -> Vec<String> {
    let mut argv = call.interpreter.clone();
    argv.push(script.to_string_lossy().into_owned());
    argv.extend(call.arguments.iter().cloned());
    argv
}
