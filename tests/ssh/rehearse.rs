//! Rehearsals for targets on a host: of scripts that run there, and of scripts that run here.

use std::os::unix::fs::PermissionsExt;

use deploy_ops_mcp::{
    domain::{
        evidence::Outcome,
        inventory::{HostKind, Inventory},
    },
    world::rehearse::{Grade, Rehearsal},
};

use super::web::{login, move_to, world};
use crate::support::{
    sandbox::{Sandbox, TOKEN},
    sshd::Sshd,
};

const HEAD: &str = "#!/bin/sh\n[ \"$2\" = --dry-run ] || exit 9\n";

async fn rehearse(sandbox: &Sandbox, host: &Sshd, there: bool) -> Rehearsal {
    let root = format!("{}/app", host.root());
    let mut call = sandbox.call("v1", "deploy.sh", &[&root]).await;
    call.secrets = vec!["APP_TOKEN".parse().unwrap()];
    call.host = there.then(|| "web".parse().unwrap());
    let dry_run = ["--dry-run".to_owned()];
    let reader = sandbox.world.reader();
    reader.rehearse(&sandbox.service, &sandbox.target(), &call, Some(&dry_run), "app@v1", 1800).await.unwrap()
}

fn changed(host: &Sshd, script: &str, change: impl FnOnce(&mut Inventory)) -> Sandbox {
    host.plant("app/page", "old");
    Sandbox::with(&[("x:deploy.sh", script), ("help.sh", "echo helper\n")], |inventory| {
        move_to(host, host.port(), inventory);
        change(inventory);
    })
}

#[tokio::test]
async fn an_honest_dry_run_there_is_proven_and_leaves_nothing() {
    honest(Sshd::start().await).await;
    honest(Sshd::shape().busybox_only().start().await).await;
}

async fn honest(host: Sshd) {
    let script = format!("{HEAD}id -un; cat \"$1/page\"; . ./help.sh; echo \"[$APP_TOKEN]\"; sleep 300 &\n");
    let sandbox = changed(&host, &script, |_| {});
    let rehearsal = rehearse(&sandbox, &host, true).await;
    assert_eq!(rehearsal.grade, Grade::Proven, "{}", rehearsal.evidence.summary);
    let text = rehearsal.output.unwrap().text();
    assert_eq!(text, "rehearsal\noldhelper\n[]\n");
    assert!(!text.contains(TOKEN));
    assert_eq!(std::fs::read_dir(host.outside("/tmp")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(sandbox.path("data/scratch")).unwrap().count(), 0);
    assert_eq!(host.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep [3]00'").await.stdout, "0\n");
}

#[tokio::test]
async fn a_dry_run_that_lies_cannot_write_and_one_that_fails_failed() {
    let host = Sshd::start().await;
    let script = format!("{HEAD}echo new >\"$1/page\"; mkdir \"$1/new\"; rm -rf \"$1\"; exit 0\n");
    let sandbox = changed(&host, &script, |_| {});
    let rehearsal = rehearse(&sandbox, &host, true).await;
    assert_eq!(rehearsal.grade, Grade::Proven);
    assert_eq!(std::fs::read_to_string(host.path("app/page")).unwrap(), "old");
    let sandbox = changed(&host, "#!/bin/sh\necho said\nexit 4\n", |_| {});
    let rehearsal = rehearse(&sandbox, &host, true).await;
    assert_eq!(rehearsal.grade, Grade::Failed(deploy_ops_mcp::world::process::Ending::Code(4)));
    assert_eq!(rehearsal.output.unwrap().text(), "said\n");
}

#[tokio::test]
async fn without_a_login_that_cannot_write_there_is_no_dry_run_there() {
    let host = Sshd::start().await;
    let refused = async |what: &str, sandbox: Sandbox, wanted: &str| {
        let rehearsal = rehearse(&sandbox, &host, true).await;
        assert_eq!(rehearsal.grade, Grade::Unsupported, "{what}");
        assert_eq!(rehearsal.evidence.outcome, Outcome::Fail);
        assert!(rehearsal.evidence.summary.contains(wanted), "{what}: {}", rehearsal.evidence.summary);
        assert!(rehearsal.evidence.summary.contains("Fix: "), "{what}: {}", rehearsal.evidence.summary);
    };
    let logins = |inventory: &mut Inventory, change: &dyn Fn(&mut deploy_ops_mcp::domain::inventory::SshHost)| {
        for host in inventory.hosts.values_mut() {
            if let HostKind::Ssh(ssh) = &mut host.kind {
                change(ssh);
            }
        }
    };
    let none = changed(&host, HEAD, |inventory| logins(inventory, &|ssh| ssh.rehearsal = None));
    refused("none", none, "no login that can only read").await;
    let same = changed(&host, HEAD, |inventory| {
        logins(inventory, &|ssh| ssh.rehearsal = Some(login(host.user(), host.identity_file())));
    });
    refused("the same", same, "is the one who deploys").await;
    let sandbox = || changed(&host, HEAD, |_| {});
    let page = host.path("app/page");
    std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o666)).unwrap();
    refused("a file", sandbox(), "/app/page").await;
    let volatile = changed(&host, HEAD, |inventory| {
        for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
            target.volatile = vec!["page".parse().unwrap()];
        }
    });
    assert_eq!(rehearse(&volatile, &host, true).await.grade, Grade::Proven);
    std::fs::remove_file(&page).unwrap();
    std::fs::set_permissions(host.path("app"), std::fs::Permissions::from_mode(0o777)).unwrap();
    refused("the root", sandbox(), "w0000001/app").await;
    std::fs::set_permissions(host.path("app"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(host.path(""), std::fs::Permissions::from_mode(0o770)).unwrap();
    refused("above the root", sandbox(), "can write to /www/htdocs/w0000001,").await;
    assert!(!host.path("app/.deploy-ops-try").exists());
}

#[tokio::test]
async fn a_script_that_runs_here_is_judged_by_what_it_did_to_the_host() {
    let host = Sshd::start().await;
    let copy = format!(
        "{HEAD}ssh -F none -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {port} web1@127.0.0.1 \
         \"touch $1/new; chmod 600 $1/page; echo x >$1/cache/y\"\n",
        key = host.identity_file().display(),
        port = host.port()
    );
    host.plant("app/cache/x", "");
    let sandbox = changed(&host, &copy, |inventory| {
        for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
            target.volatile = vec!["cache".parse().unwrap()];
        }
    });
    let rehearsal = rehearse(&sandbox, &host, false).await;
    assert_eq!(rehearsal.grade, Grade::Changed(vec!["new".to_owned(), "page".to_owned()]), "{:?}", rehearsal.output);
    let honest = changed(&host, &format!("{HEAD}echo would copy\n"), |_| {});
    assert_eq!(rehearse(&honest, &host, false).await.grade, Grade::Proven);
}

#[tokio::test]
async fn the_state_of_a_target_is_the_same_over_every_way_and_different_after_every_change() {
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    host.plant("app/page", "old");
    host.plant("app/deep/er/file", "deep");
    let state = async || sandbox.world.reader().target_state(&sandbox.target()).await.unwrap();
    let first = state().await;
    assert_eq!(first, state().await);
    for change in
        ["echo new >app/page", "chmod 600 app/page", "ln -s page app/link", "mkdir app/empty", "rm app/deep/er/file"]
    {
        let before = state().await;
        assert_eq!(host.run(change).await.code, Some(0), "{change}");
        let after = state().await;
        assert_ne!(before.digest(), after.digest(), "{change}");
        assert_eq!(before.changed_files(&after).len(), 1, "{change}");
    }
    assert_eq!(host.run("mkdir app/.deploy-ops && ln -s x app/.deploy-ops/claim").await.code, Some(0));
    let after = state().await;
    assert_eq!(after.digest(), state().await.digest());
    let mut nothing = sandbox.target();
    nothing.root = format!("{}/nothing", host.root()).into();
    assert!(sandbox.world.reader().target_state(&nothing).await.unwrap().changed_files(&first).len() > 3);
}
