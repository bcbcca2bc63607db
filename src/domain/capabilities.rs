//! What a host over SSH can do, and what follows from what it cannot.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{space::Space, time::Time};

/// The programs that a host is asked for. What it answers is one of these names or nothing.
pub const PROGRAMS: &[&str] = &[
    "setsid",
    "nohup",
    "flock",
    "timeout",
    "rsync",
    "tar",
    "gzip",
    "zstd",
    "sha256sum",
    "shasum",
    "openssl",
    "git",
    "curl",
    "quota",
    "php",
    "php81",
    "php82",
    "php83",
    "php84",
    "php85",
    "php8.1",
    "php8.2",
    "php8.3",
    "php8.4",
    "php8.5",
    "composer",
    "node",
    "python3",
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "psql",
    "pg_dump",
];

/// Clocks that differ by more make times in logs misleading, s.
const CLOCK_OFF_S: u64 = 5;

/// What a host was seen to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// When it was looked at (UTC).
    pub seen_at: Time,
    /// The fingerprint of the key that it proved to hold.
    pub fingerprint: String,
    /// From asking for nothing to the answer, ms.
    pub round_trip_ms: u64,
    /// The shell; none on a host that only serves files.
    pub shell: Option<Shell>,
    /// SFTP, with the names of its extensions; none where it is not served.
    pub sftp: Option<BTreeSet<String>>,
    /// Whether it connects on to others; absent when that could not be found out.
    pub forwards: Option<bool>,
    /// The room below the host's root; absent when it does not tell.
    pub space: Option<Space>,
}

/// What a login with a shell has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shell {
    /// Kernel, release and machine, as `uname` says them.
    pub system: String,
    /// The distribution, as it calls itself.
    pub distribution: String,
    /// The login shell.
    pub login: String,
    /// What `sh` really is; empty when that cannot be seen.
    pub sh: String,
    /// Whose `ls` and `find` there are: `gnu`, `busybox`, `uutils`, `toybox`, or `other`.
    pub coreutils: String,
    /// Those of [`PROGRAMS`] that are there.
    pub programs: BTreeSet<String>,
    /// The home directory.
    pub home: String,
    /// What the login takes away from the permissions of new files.
    pub umask: Option<u32>,
    /// Whether processes can be seen in `/proc`.
    pub reads_proc: bool,
    /// How far its clock is ahead of ours, s.
    pub clock_ahead_s: Option<i64>,
}

impl Shell {
    fn has(&self, program: &str) -> bool {
        self.programs.contains(program)
    }
}

/// Something that a host lacks, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// In one sentence: what is missing, and the consequence.
    pub so: String,
    /// Whether something cannot be done at all, not only in another way.
    pub stops: bool,
}

impl Capabilities {
    /// What is missing, with its consequence; what stops something first.
    pub fn lacks(&self) -> Vec<Lack> {
        let mut lacks = Vec::new();
        let mut add = |missing: bool, stops: bool, so: &str| {
            if missing {
                lacks.push(Lack { so: so.to_owned(), stops });
            }
        };
        let Some(shell) = &self.shell else {
            add(true, true, "no shell, only SFTP: no script can run there, and files go one by one");
            add(
                !self.replaces(),
                true,
                "its SFTP cannot replace a file by renaming: no release can be made live in one step",
            );
            add(
                self.forwards == Some(false),
                true,
                "it forbids connections through it: databases behind it are not reached",
            );
            return lacks;
        };
        add(self.sftp.is_none(), true, "no SFTP: files cannot be sent to it");
        add(
            self.forwards == Some(false),
            true,
            "it forbids connections through it: databases behind it are not reached",
        );
        let umask = shell.umask.unwrap_or(0o022);
        add(
            umask & 0o002 == 0,
            true,
            "its umask lets everybody write what scripts create: set umask 022 for the login",
        );
        match (shell.has("setsid"), shell.has("nohup")) {
            (false, true) => add(true, false, "no setsid: scripts run under nohup"),
            (false, false) => add(true, true, "neither setsid nor nohup: a script may end with the connection"),
            _ => {}
        }
        add(!shell.reads_proc, false, "/proc cannot be read: whether a script still runs is less certain");
        add(!shell.has("tar"), false, "no tar: files go one by one");
        let hashes = ["sha256sum", "shasum", "openssl"].iter().any(|program| shell.has(program));
        add(!hashes, false, "no program for SHA-256: files are read over the connection to be compared");
        add(!shell.has("gzip") && !shell.has("zstd"), false, "neither gzip nor zstd: nothing is compressed on the way");
        if let Some(ahead) = shell.clock_ahead_s.filter(|ahead| ahead.unsigned_abs() > CLOCK_OFF_S) {
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            let so =
                format!("its clock is {} s {way} ours: times in its logs are off by as much", ahead.unsigned_abs());
            add(true, false, &so);
        }
        lacks.sort_by_key(|lack| !lack.stops);
        lacks
    }

    /// Whether a file can be replaced by renaming over SFTP.
    fn replaces(&self) -> bool {
        self.sftp.as_ref().is_some_and(|extensions| extensions.contains("posix-rename@openssh.com"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Capabilities {
        Capabilities {
            seen_at: Time::from_millis(0),
            fingerprint: "SHA256:x".to_owned(),
            round_trip_ms: 1,
            shell: Some(Shell {
                programs: PROGRAMS.iter().map(|&program| program.to_owned()).collect(),
                umask: Some(0o022),
                reads_proc: true,
                clock_ahead_s: Some(5),
                ..Shell::default()
            }),
            sftp: Some(BTreeSet::from(["posix-rename@openssh.com".to_owned()])),
            forwards: Some(true),
            space: None,
        }
    }

    #[test]
    fn what_is_missing_is_said_with_its_consequence() {
        let check = |change: &dyn Fn(&mut Capabilities, &mut Shell), wanted: &[(&str, bool)]| {
            let mut host = complete();
            let mut shell = host.shell.take().unwrap();
            host.shell = Some(Shell::default());
            change(&mut host, &mut shell);
            host.shell = host.shell.map(|_| shell);
            let found = host.lacks();
            assert_eq!(found.len(), wanted.len(), "{found:?}");
            for (lack, (begin, stops)) in found.iter().zip(wanted) {
                assert!(lack.so.starts_with(begin) && lack.stops == *stops, "{lack:?}");
            }
        };
        let without = |shell: &mut Shell, programs: &[&str]| shell.programs.retain(|p| !programs.contains(&p.as_str()));
        check(&|_, _| {}, &[]);
        check(
            &|_, shell| without(shell, &["setsid", "rsync", "flock"]),
            &[("no setsid: scripts run under nohup", false)],
        );
        check(&|_, shell| without(shell, &["setsid", "nohup"]), &[("neither setsid nor nohup", true)]);
        check(&|_, shell| without(shell, &["sha256sum"]), &[]);
        check(
            &|host, shell| {
                without(shell, &["tar"]);
                host.forwards = Some(false);
            },
            &[("it forbids connections", true), ("no tar", false)],
        );
        check(&|_, shell| shell.clock_ahead_s = Some(-61), &[("its clock is 61 s behind ours", false)]);
        check(&|_, shell| shell.umask = Some(0), &[("its umask", true)]);
        check(&|host, _| host.shell = None, &[("no shell", true)]);
        check(
            &|host, _| (host.shell, host.sftp) = (None, None),
            &[("no shell", true), ("its SFTP cannot replace", true)],
        );
    }
}
