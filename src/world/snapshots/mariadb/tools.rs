//! The client programs of the server's family: which are there, and whether they are new enough.

use std::{ffi::OsString, path::Path, time::Duration};

use super::login::Login;
use crate::{
    domain::refusal::Code,
    world::{
        WorldError,
        database::mariadb::words,
        process::{self, Captured, Ending, Invocation},
    },
};

/// A dump or a restore of a large database takes hours; longer than this it hangs.
const LIMIT: Duration = Duration::from_hours(12);
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// What a program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Dump,
    Client,
}

/// A client program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    program: &'static str,
    family: &'static str,
    version: Version,
}

type Version = (u32, u32, u32);

/// Finds the program for a server, for example `mariadb 10.11.19`.
pub(super) async fn find(role: Role, engine: &str, directory: &Path) -> Result<Tool, WorldError> {
    let programs = match role {
        Role::Dump => ["mariadb-dump", "mysqldump"],
        Role::Client => ["mariadb", "mysql"],
    };
    let mut seen = Vec::new();
    for program in programs {
        let invocation = Invocation::new(program, directory, VERSION_LIMIT).args(&["--no-defaults", "--version"]);
        let Ok(finished) = process::run(invocation).await else { continue };
        seen.extend(parse(program, &finished.output.text()));
    }
    choose(seen, engine)
}

/// The program of the server's own family; older than the server it may not know what it dumps.
fn choose(seen: Vec<Tool>, engine: &str) -> Result<Tool, WorldError> {
    let (family, version) = engine.split_once(' ').unwrap_or((engine, ""));
    let names: Vec<String> = seen.iter().map(Tool::describe).collect();
    // Of two names of one program the first counts.
    let own = seen.into_iter().rev().filter(|tool| tool.family == family);
    let newest = own.max_by_key(|tool| tool.version);
    let server = number(version).unwrap_or_default();
    match newest {
        Some(tool) if (tool.version.0, tool.version.1) >= (server.0, server.1) => Ok(tool),
        _ => Err(WorldError::new(
            Code::Unsupported,
            format!("choose a client program for a server that is {engine}"),
            if names.is_empty() {
                "there is none".to_owned()
            } else {
                format!("there is only {}", names.join(" and "))
            },
            format!("Install the client programs of {family} {}.{} or newer on this machine.", server.0, server.1),
        )),
    }
}

/// `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, …`, `mariadb-dump from 11.4.2-MariaDB, …`, `mysqldump  Ver 8.0.36 …`.
fn parse(program: &'static str, text: &str) -> Option<Tool> {
    let version = text.split_whitespace().find_map(number)?;
    let family = if text.contains("MariaDB") { "mariadb" } else { "mysql" };
    Some(Tool { program, family, version })
}

/// A version of three parts at the begin of a word.
fn number(word: &str) -> Option<Version> {
    let mut parts = word.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?.split('.');
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

impl Tool {
    /// Its name with its version.
    pub(super) fn describe(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{} {major}.{minor}.{patch}", self.program)
    }

    /// Whether it is MariaDB's.
    pub(super) fn is_mariadb(&self) -> bool {
        self.family == "mariadb"
    }

    /// Whether it can carry the history of tables WITH SYSTEM VERSIONING.
    pub(super) fn carries_history(&self) -> bool {
        self.is_mariadb() && (self.version.0, self.version.1) >= (10, 11)
    }

    /// A run of it. The options of ours come first: only the first may say which files are read.
    pub(super) fn invocation(
        &self,
        login: &Login<'_>,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Invocation, WorldError> {
        let mut options = OsString::from("--defaults-file=");
        options.push(login.option_file(directory)?);
        Ok(Invocation::new(self.program, directory, LIMIT).args(&[options]).args(arguments))
    }

    /// What its end means, in our words: its own may hold rows.
    pub(super) fn judge(&self, doing: &str, ending: Ending, said: &Captured) -> Result<(), WorldError> {
        if ending.is_success() {
            return Ok(());
        }
        let (problem, fix) = match error_number(&said.text()).and_then(words) {
            Some((problem, fix)) => (problem.to_owned(), fix),
            None => (format!("{} ended by {}", self.program, ending.describe()), "Look at the server's log."),
        };
        Err(WorldError::new(Code::WorldFailed, doing, problem, fix))
    }
}

/// Whether a program stopped because the schema changed under it.
pub(super) fn saw_a_change(said: &Captured) -> bool {
    error_number(&said.text()) == Some(1412)
}

/// The first error number in what a program said: `Error 1412: …`, `Got error: 1045: …`, `ERROR 1064 (42000) at line 3: …`.
fn error_number(said: &str) -> Option<u16> {
    said.match_indices("rror").chain(said.match_indices("RROR")).find_map(|(at, word)| {
        let rest = said.get(at + word.len()..)?.trim_start_matches([':', ' ']);
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::{choose, error_number, parse};

    const DEBIAN: &str = "mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)";
    const NEWER: &str = "mariadb-dump from 11.4.2-MariaDB, client 10.19 for Linux (x86_64)";
    const MYSQL: &str = "mysqldump  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))";

    fn chosen(said: &[&str], engine: &str) -> Result<String, (String, String)> {
        let seen = said.iter().filter_map(|said| parse("a-dump", said)).collect();
        choose(seen, engine).map(|tool| tool.describe()).map_err(|error| (error.problem, error.fix))
    }

    #[test]
    fn the_newest_program_of_the_servers_family_is_chosen() {
        assert_eq!(chosen(&[DEBIAN, MYSQL], "mariadb 10.11.2").unwrap(), "a-dump 10.11.19");
        assert_eq!(chosen(&[DEBIAN, NEWER], "mariadb 10.6.1").unwrap(), "a-dump 11.4.2");
        assert_eq!(chosen(&[DEBIAN, MYSQL], "mysql 8.0.40").unwrap(), "a-dump 8.0.36");
    }

    #[test]
    fn a_program_that_is_older_than_the_server_is_refused_by_both_versions() {
        let (problem, fix) = chosen(&[DEBIAN], "mariadb 11.4.2").unwrap_err();
        assert_eq!(problem, "there is only a-dump 10.11.19");
        assert!(fix.contains("mariadb 11.4 or newer"), "{fix}");
        assert_eq!(chosen(&[DEBIAN], "mysql 8.0.36").unwrap_err().0, "there is only a-dump 10.11.19");
        assert_eq!(chosen(&[], "mysql 8.0.36").unwrap_err().0, "there is none");
    }

    #[test]
    fn only_the_number_of_an_error_is_taken() {
        let said = [
            ("mariadb-dump: Error 1412: Table definition has changed when dumping table `t` at row: 0", Some(1412)),
            ("mariadb-dump: Got error: 1045: \"Access denied for user\" when trying to connect", Some(1045)),
            ("ERROR 1064 (42000) at line 3: You have an error", Some(1064)),
            ("no errors here", None),
        ];
        for (text, number) in said {
            assert_eq!(error_number(text), number, "{text}");
        }
    }
}
