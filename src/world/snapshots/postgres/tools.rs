//! PostgreSQL's own programs.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{LONGEST, login::Login};
use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::{
        WorldError,
        process::{Ending, Invocation, run},
    },
};

/// Debian keeps every version in a directory of its own, `15/bin` and so on.
const INSTALLED: &str = "/usr/lib/postgresql";

/// The programs of one version.
#[derive(Debug)]
pub(super) struct Tools {
    directory: PathBuf,
}

/// What is connected to the database through a program.
pub(super) enum Stream {
    /// The program reads from it.
    From(File),
    /// The program writes to it.
    To(File),
}

impl Tools {
    /// The newest programs that understand a server; `engine` is what it calls itself, `postgres 15.20`.
    pub(super) fn for_server(name: &DatabaseName, engine: &str) -> Result<Self, WorldError> {
        let installed = installed(Path::new(INSTALLED));
        let server = major(engine.rsplit(' ').next().unwrap_or_default());
        let newest = installed.into_iter().max();
        match (newest, server) {
            (Some((version, directory)), Some(server)) if version >= server => Ok(Self { directory }),
            (newest, _) => {
                let have =
                    newest.map_or("none is installed".to_owned(), |(version, _)| format!("the newest is {version}"));
                Err(WorldError::new(
                    Code::Unsupported,
                    format!("dump or restore database {name}"),
                    format!("its server is {engine} and of PostgreSQL's programs {have}"),
                    format!(
                        "Install the package postgresql-client of the server's version or a newer one below {INSTALLED}."
                    ),
                ))
            }
        }
    }

    /// A program with its version, for example `pg_dump 15.20`.
    pub(super) async fn version(&self, program: &str, login: &Login<'_>) -> Result<String, WorldError> {
        let invocation = Invocation::new(self.directory.join(program), login.directory(), Duration::from_secs(10));
        let finished = run(invocation.args(&["--version"])).await?;
        let text = finished.output.text();
        Ok(format!("{program} {}", text.split(' ').nth(2).unwrap_or("of unknown version").trim()))
    }

    /// Runs a program to its good end. What it wrote is never shown: it quotes rows and statements.
    pub(super) async fn run(
        &self,
        program: &str,
        arguments: &[OsString],
        login: &Login<'_>,
        stream: Stream,
        name: &DatabaseName,
    ) -> Result<(), WorldError> {
        let mut invocation = Invocation::new(self.directory.join(program), login.directory(), LONGEST).args(arguments);
        invocation.environment = login.environment()?;
        match stream {
            Stream::From(file) => invocation.input = Some(file),
            Stream::To(file) => invocation.output = Some(file),
        }
        let watch = login.watch();
        let finished = run(invocation).await?;
        if finished.ending.is_success() {
            return Ok(());
        }
        let (problem, fix) = words(&finished.output.text(), finished.ending);
        let doing = format!("run {program} for database {name}");
        Err(watch.explain(WorldError::new(Code::WorldFailed, doing, problem, fix)))
    }
}

/// The versions below a directory.
fn installed(below: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(below).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| {
        let programs = entry.path().join("bin");
        let complete = ["pg_dump", "pg_restore"].iter().all(|program| programs.join(program).is_file());
        Some((entry.file_name().to_str()?.parse().ok()?, programs)).filter(|_| complete)
    });
    versions.collect()
}

fn major(version: &str) -> Option<u32> {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..digits)?.parse().ok()
}

/// What went wrong, in our words, as far as it is told in English.
fn words(said: &str, ending: Ending) -> (String, &'static str) {
    const KNOWN: &[(&str, &str, &str)] = &[
        ("No space left on device", "the server's disk is full", "Free space on the server and try again."),
        ("lock timeout", "somebody holds a lock on a table", "Try again when long transactions have ended."),
        (
            "could not open extension control file",
            "the server lacks an extension that the database uses",
            "Install the extension there, or name another server with `scratch`.",
        ),
        (
            "row-level security",
            "policies hide rows from the role",
            "Give the role of deploy-ops.toml BYPASSRLS, or make it the owner of the tables.",
        ),
        (
            "permission denied",
            "the role lacks a right",
            "Grant the role of deploy-ops.toml what the owner may do, or make it a member of the owner.",
        ),
        (
            "must be ",
            "the role lacks a right",
            "Make the role of deploy-ops.toml a member of the roles that own things in the database.",
        ),
        ("connection to server", "the server cannot be reached", "Check that the server is up, and try again."),
        ("server closed the connection", "the server ended the connection", "Look at the server's log and try again."),
        ("terminating connection", "the server ended the connection", "Look at the server's log and try again."),
        ("end of file", "the dump is cut", "Take a new snapshot."),
    ];
    // Between the two words stands a name.
    if said.contains("role \"") && said.contains("does not exist") {
        let problem = "the server lacks a role that the database names".to_owned();
        return (problem, "Create the roles of the database there, or name a server with `scratch` that has them.");
    }
    match KNOWN.iter().find(|(sign, ..)| said.contains(sign)) {
        Some((_, problem, fix)) => ((*problem).to_owned(), fix),
        None => (format!("it ended with {}", ending.describe()), "Look at the server's log."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_understand_the_server_are_used() {
        let name: DatabaseName = "crm".parse().unwrap();
        assert!(Tools::for_server(&name, "postgres 9.6.24").is_ok());
        let refused = Tools::for_server(&name, "postgres 99.1").unwrap_err();
        assert_eq!(refused.code, Code::Unsupported);
        let newest = installed(Path::new(INSTALLED)).into_iter().max().unwrap().0;
        assert!(refused.problem.contains("postgres 99.1") && refused.problem.contains(&format!("newest is {newest}")));
        assert_eq!((major("17beta1"), major("9.6"), major("")), (Some(17), Some(9), None));
        assert!(installed(Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn what_programs_say_is_told_in_our_words_alone() {
        let said = "pg_restore: error: COPY failed for table \"t\": ERROR: value canary too long\nCONTEXT: canary";
        assert_eq!(words(said, Ending::Code(1)).0, "it ended with exit code 1");
        assert_eq!(
            words("ERROR:  role \"canary\" does not exist", Ending::Code(1)).0,
            "the server lacks a role that the database names"
        );
        assert_eq!(words("ERROR:  permission denied for table canary", Ending::Code(1)).0, "the role lacks a right");
        assert_eq!(words("", Ending::Signal(9)).0, "it ended with signal 9");
    }
}
