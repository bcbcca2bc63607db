//! `deploy-ops host list [--json]`

use crate::{
    cli::{Exit, terminal::Terminal, wire::Wired},
    domain::inventory::{Host, HostKind, HostTrust, SshHost, SshIdentity},
};

pub(super) fn list(wired: &Wired, json: bool, terminal: &Terminal) -> Exit {
    for host in wired.engine.inventory().hosts.values() {
        if json {
            terminal.json(&wired.redactor.json(serde_json::to_value(host).unwrap_or_default()));
        } else {
            terminal.say(&wired.redactor, &line(host));
        }
    }
    Exit::Done
}

fn line(host: &Host) -> String {
    let name = &host.name;
    match &host.kind {
        HostKind::Local => format!("{name}: this machine, {}", host.root.display()),
        HostKind::Ssh(ssh) => {
            let via = ssh.jump.as_ref().map_or(String::new(), |jump| format!(" through {jump}"));
            let rehearsal = ssh
                .rehearsal
                .as_ref()
                .map_or("no rehearsal".to_owned(), |login| format!("rehearsal as {}", login.user));
            format!(
                "{name}: {}@{}:{}{via}, {}; {}; {}; {rehearsal}",
                ssh.login.user,
                ssh.address,
                ssh.port,
                host.root.display(),
                recognised(ssh),
                identity(&ssh.login.identity),
            )
        }
    }
}

fn recognised(ssh: &SshHost) -> String {
    match &ssh.trust {
        HostTrust::Pinned { fingerprints } => format!("recognised by {} pinned keys", fingerprints.len()),
        HostTrust::KnownHosts { path } => format!("recognised by {}", path.display()),
    }
}

fn identity(identity: &SshIdentity) -> String {
    match identity {
        SshIdentity::File { path, certificate: None, .. } => format!("key {}", path.display()),
        SshIdentity::File { path, certificate: Some(_), .. } => format!("key {} with a certificate", path.display()),
        SshIdentity::Secret { key, .. } => format!("key in secret {key}"),
        SshIdentity::Agent { fingerprint, .. } => format!("key {fingerprint} in an agent"),
    }
}
