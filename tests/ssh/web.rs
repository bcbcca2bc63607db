//! A world whose service lives on a shared host.

use std::path::{Path, PathBuf};

use deploy_ops_mcp::{
    domain::{
        inventory::{Host, HostKind, HostTrust, Inventory, SshHost, SshIdentity, SshLogin},
        name::HostName,
    },
    policy::Permit,
    world::detached::{PlacedScript, ScriptRun, Site},
};

use crate::support::{sandbox::Sandbox, sshd::Sshd};

/// A login with a key in a file.
pub(super) fn login(user: &str, key: PathBuf) -> SshLogin {
    let identity = SshIdentity::File { path: key, passphrase: None, certificate: None };
    SshLogin { user: user.to_owned(), identity }
}

/// Adds the host as `web`, reached at `port`, and moves the service there.
pub(super) fn move_to(host: &Sshd, port: u16, inventory: &mut Inventory) {
    let rehearsal = login(host.rehearsal_user(), host.rehearsal_identity_file());
    let ssh = SshHost {
        address: "127.0.0.1".to_owned(),
        port,
        login: login(host.user(), host.identity_file()),
        rehearsal: Some(rehearsal),
        trust: HostTrust::Pinned { fingerprints: host.fingerprints() },
        jump: None,
    };
    let name: HostName = "web".parse().unwrap();
    let entry = Host { name: name.clone(), kind: HostKind::Ssh(ssh), root: host.root().into() };
    inventory.hosts.insert(name.clone(), entry);
    for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
        target.host = name.clone();
        target.root = Path::new(host.root()).join("app");
    }
}

/// A world whose service is on the host, with these files in its repository.
pub(super) fn world(host: &Sshd, port: u16, files: &[(&str, &str)]) -> Sandbox {
    Sandbox::with(files, |inventory| move_to(host, port, inventory))
}

/// The site of a run on the host, in the operation of a permit.
pub(super) fn site(sandbox: &Sandbox, permit: &Permit, tag: &str) -> Site {
    Site {
        directory: sandbox.world.paths().operation(permit.operation()).join(tag),
        host: Some("web".parse().unwrap()),
        secrets: vec!["APP_TOKEN".parse().unwrap()],
        timeout_s: 60,
    }
}

/// A run of `sh -c script` in the web root.
pub(super) fn shell(host: &Sshd, script: &str) -> ScriptRun {
    ScriptRun {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        directory: host.root().into(),
        environment: [("GREETING".to_owned(), "hello\nit's $(id)\n".to_owned())].into(),
        secrets: vec!["APP_TOKEN".parse().unwrap()],
        timeout_s: 60,
        script: None,
    }
}

/// The same of a file on the host that must hold `bytes`.
pub(super) fn file(host: &Sshd, below: &str, bytes: &str) -> ScriptRun {
    let path = Path::new(host.root()).join(below);
    let argv = vec!["sh".to_owned(), path.display().to_string()];
    ScriptRun { argv, script: Some(PlacedScript { path, bytes: bytes.into() }), ..shell(host, "") }
}

/// Where the run with this tag has its directory on the host, below the web root.
pub(super) fn run_directory(permit: &Permit, tag: &str) -> String {
    format!(".deploy-ops/runs/{}/{tag}", permit.operation())
}
