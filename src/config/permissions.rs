//! Who else may read or write what belongs to the server.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::Path,
};

use super::{
    Config,
    problem::{Problem, Severity},
};
use crate::domain::inventory::{GateKind, HostKind, HostTrust, SecretReference, SshIdentity};

/// Checks the configuration file, the files of secrets, of SSH keys and of those who are trusted, and the data directory.
///
/// Others must not write the configuration (it names programs that are run) nor read secrets: errors. The group should not
/// read secrets or data either: warnings. What belongs neither to the server's user nor to root is an error. What does not
/// exist yet is no problem here.
pub fn check_permissions(config: &Config) -> Vec<Problem> {
    let check = Check { config, user: rustix::process::geteuid().as_raw() };
    let mut problems = Vec::new();
    problems.extend(check.path(
        &config.file,
        "the configuration file",
        0,
        &[(0o022, Severity::Error, "be changed", "go-w")],
    ));
    for (name, reference) in &config.inventory.secrets {
        if let SecretReference::File { path } = reference {
            let line = config.secret_lines.get(name).copied().unwrap_or(0);
            problems.extend(check.path(path, &format!("the file of secret {name}"), line, SECRET));
        }
    }
    for reference in &config.settings.redaction.extra_secrets {
        if let SecretReference::File { path } = reference {
            problems.extend(check.path(path, "the file of an extra secret", 0, SECRET));
        }
    }
    for host in config.inventory.hosts.values() {
        let line = config.host_lines.get(&host.name).copied().unwrap_or(0);
        for login in host.logins() {
            if let SshIdentity::File { path, .. } = &login.identity {
                problems.extend(check.path(path, &format!("the SSH key of host {}", host.name), line, KEY));
            }
        }
        if let HostKind::Ssh(ssh) = &host.kind
            && let HostTrust::KnownHosts { path } = &ssh.trust
        {
            let what = format!("the file of known hosts of host {}", host.name);
            problems.extend(check.path(path, &what, line, TRUST));
        }
    }
    for gate in config.inventory.gates.values() {
        if let GateKind::SignedTag(signed) = &gate.kind {
            let what = format!("the file of allowed signers of gate {}", gate.name);
            problems.extend(check.path(&signed.allowed_signers, &what, 0, TRUST));
        }
    }
    problems.extend(check.path(&config.settings.state.data, "the data directory", 0, DATA));
    problems
}

/// Which bits of a mode are too many, how bad that is, what they allow, and the change for `chmod`.
type Rule = (u32, Severity, &'static str, &'static str);

const SECRET: &[Rule] = &[
    (0o007, Severity::Error, "be read by every user", "600"),
    (0o070, Severity::Warning, "be read by its group", "600"),
];
/// As OpenSSH has it: a key that its group can read is no key either.
const KEY: &[Rule] = &[(0o077, Severity::Error, "be read by other users", "600")];
/// Whoever writes it decides which machine is the host, or who may sign.
const TRUST: &[Rule] = &[(0o022, Severity::Error, "be changed", "go-w")];
const DATA: &[Rule] = &[
    (0o007, Severity::Error, "be read by every user", "700"),
    (0o070, Severity::Warning, "be read by its group", "700"),
];

struct Check<'a> {
    config: &'a Config,
    user: u32,
}

impl Check<'_> {
    fn path(&self, path: &Path, what: &str, line: usize, rules: &[Rule]) -> Vec<Problem> {
        let Ok(metadata) = fs::metadata(path) else { return Vec::new() };
        let mut problems = self.owner(path, what, line, &metadata);
        let broken = rules.iter().find(|(bits, ..)| metadata.mode() & bits != 0);
        if let Some((_, severity, deed, mode)) = broken {
            problems.push(self.problem(
                *severity,
                line,
                format!("{what} can {deed} (mode {:04o})", metadata.mode() & 0o7777),
                format!("chmod {mode} {}", path.display()),
            ));
        }
        problems
    }

    fn owner(&self, path: &Path, what: &str, line: usize, metadata: &Metadata) -> Vec<Problem> {
        if metadata.uid() == self.user || metadata.uid() == 0 {
            return Vec::new();
        }
        let message = format!("{what} belongs to another user (uid {})", metadata.uid());
        vec![self.problem(Severity::Error, line, message, format!("chown {} {}", self.user, path.display()))]
    }

    fn problem(&self, severity: Severity, line: usize, message: String, fix: String) -> Problem {
        let column = usize::from(line > 0);
        Problem { severity, line, column, ..Problem::of_file(&self.config.file, message, fix) }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The problems with these modes, as severity, line and fix.
    fn check(config: u32, secret: u32, data: u32) -> Vec<(Severity, usize, String)> {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("deploy-ops.toml"), "# secrets\n[secrets]\nKEY = \"file:secret\"\n").unwrap();
        fs::write(at("secret"), "hunter2").unwrap();
        fs::create_dir(at("deploy-ops-data")).unwrap();
        set(&at("deploy-ops.toml"), config);
        set(&at("secret"), secret);
        set(&at("deploy-ops-data"), data);
        let config = super::super::load(&at("deploy-ops.toml")).unwrap();
        let strip = |fix: String| fix.replace(&format!("{}/", directory.path().display()), "");
        check_permissions(&config).into_iter().map(|p| (p.severity, p.line, strip(p.fix))).collect()
    }

    #[test]
    fn each_mode_that_is_too_open_is_told_with_its_line_and_its_chmod() {
        assert_eq!(check(0o644, 0o600, 0o700), []);
        assert_eq!(check(0o664, 0o600, 0o700), [(Severity::Error, 0, "chmod go-w deploy-ops.toml".to_owned())]);
        assert_eq!(check(0o600, 0o644, 0o700), [(Severity::Error, 3, "chmod 600 secret".to_owned())]);
        assert_eq!(check(0o600, 0o640, 0o700), [(Severity::Warning, 3, "chmod 600 secret".to_owned())]);
        assert_eq!(check(0o600, 0o600, 0o755), [(Severity::Error, 0, "chmod 700 deploy-ops-data".to_owned())]);
        assert_eq!(check(0o600, 0o600, 0o750), [(Severity::Warning, 0, "chmod 700 deploy-ops-data".to_owned())]);
    }

    #[test]
    fn keys_and_known_hosts_of_a_host_that_are_too_open_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let host = "[hosts.web]\nkind = \"ssh\"\nroot = \"/\"\naddress = \"w.example.org\"\nuser = \"u\"\n\
                    known_hosts = \"known\"\nidentity_file = \"key\"\n\
                    rehearsal = { user = \"r\", identity_file = \"rehearsal\" }\n";
        fs::write(at("deploy-ops.toml"), host).unwrap();
        set(&at("deploy-ops.toml"), 0o600);
        let check = |name: &str, mode: u32| {
            for other in ["known", "key", "rehearsal"] {
                fs::write(at(other), "x").unwrap();
                set(&at(other), 0o600);
            }
            set(&at(name), mode);
            let problems = check_permissions(&super::super::load(&at("deploy-ops.toml")).unwrap());
            problems
                .into_iter()
                .map(|p| (p.is_error(), p.line, p.fix.split(' ').nth(1).unwrap().to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(check("key", 0o400), []);
        assert_eq!(check("known", 0o644), []);
        for (name, mode, change) in [("key", 0o640, "600"), ("rehearsal", 0o604, "600"), ("known", 0o664, "go-w")] {
            assert_eq!(check(name, mode), [(true, 1, change.to_owned())], "{name}");
        }
    }

    #[test]
    fn another_owner_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file: PathBuf = directory.path().join("deploy-ops.toml");
        fs::write(&file, "").unwrap();
        let config = super::super::load(&file).unwrap();
        let owner = fs::metadata(&file).unwrap().uid();
        let check = Check { config: &config, user: owner + 1 };
        let told = check.path(&file, "the configuration file", 0, &[]);
        // A file of root is accepted, whoever runs the server.
        assert_eq!(told.len(), usize::from(owner != 0));
    }
}
