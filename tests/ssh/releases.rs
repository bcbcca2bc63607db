//! Releases on a real host over SSH: sent once, linked after that, switched at once, and found as they were placed.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use deploy_ops_mcp::{
    domain::{
        inventory::{Build, Deploy, Host, HostKind, HostTrust, ReleaseDeploy, SshHost, SshIdentity, SshLogin},
        refusal::Code,
        release::ReleaseId,
        step::{PlaceRelease, PruneReleases, Step},
    },
    policy::Permit,
    world::releases::ReleaseState,
};

use crate::support::{
    permit::permit,
    sandbox::Sandbox,
    sshd::{Shape, Sshd},
};

const FILES: &[(&str, &str)] = &[
    ("public/index.html", "one\n"),
    ("x:public/bin/tool", "#!/bin/sh\n"),
    ("public/uploads/.keep", ""),
    ("public/-rf", "a name like an option\n"),
    ("public/quote'\"$(id)`id`\\", "a name like a script\n"),
    ("public/ünï/ .x ", "a name with spaces\n"),
    ("public/*?[a]", "a name like a pattern\n"),
];

/// Adds what a commit cannot hold, or not well: a name of two lines, an empty directory, links, the longest name, more than one
/// piece of a file, and permissions.
const BUILD: &str = "cd public && printf 'a name of two lines\\n' >'line\nend' && mkdir empty && ln -s ../index.html empty/link && \
     ln -s nowhere//at/./all dangling && head -c 3000000 /dev/zero >zeros && : >$(head -c 255 /dev/zero | tr '\\0' n) && \
     mkdir sealed && echo x >sealed/x && chmod 400 sealed/x && chmod 555 sealed";

/// A world whose service lives on `host`, reached at `port`.
pub(super) fn world_on(host: &Sshd, port: u16) -> Sandbox {
    host.plant("site/.keep", "");
    Sandbox::with(FILES, |inventory| {
        let login = SshLogin {
            user: host.user().to_owned(),
            identity: SshIdentity::File { path: host.identity_file(), passphrase: None, certificate: None },
        };
        let trust = HostTrust::Pinned { fingerprints: host.fingerprints() };
        let ssh = SshHost { address: "127.0.0.1".to_owned(), port, login, rehearsal: None, trust, jump: None };
        let name: deploy_ops_mcp::domain::name::HostName = "there".parse().unwrap();
        let entry = Host { name: name.clone(), kind: HostKind::Ssh(ssh), root: host.root().into() };
        inventory.hosts.insert(name.clone(), entry);
        for service in inventory.services.values_mut() {
            let Deploy::Release(deploy) = &mut service.deploy else { panic!() };
            deploy.build = Some(Build { command: ["sh", "-c", BUILD].map(str::to_owned).to_vec(), timeout_s: 20 });
        }
        for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
            (target.host, target.root) = (name.clone(), Path::new(host.root()).join("site"));
        }
    })
}

pub(super) fn any_permit() -> Permit {
    permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None)
}

fn deploy(sandbox: &Sandbox) -> ReleaseDeploy {
    match &sandbox.service.deploy {
        Deploy::Release(deploy) => deploy.clone(),
        Deploy::Script(_) => panic!(),
    }
}

/// Builds the artifact of a version and says how it is placed.
pub(super) async fn built(sandbox: &Sandbox, version: &str, shared: &[&str]) -> PlaceRelease {
    let revision = sandbox.revision(version).await;
    let artifact = sandbox.world.reader().build_artifact(&sandbox.service, &deploy(sandbox), &revision).await.unwrap();
    PlaceRelease {
        release: ReleaseId::new(&revision.version, &artifact.digest),
        artifact: artifact.digest,
        shared: shared.iter().map(|path| path.parse().unwrap()).collect(),
    }
}

/// Everything below a directory: permissions, and content or target.
fn tree(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    fn collect(root: &Path, below: &Path, found: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
        for entry in std::fs::read_dir(root.join(below)).unwrap() {
            let path = below.join(entry.unwrap().file_name());
            let metadata = std::fs::symlink_metadata(root.join(&path)).unwrap();
            let content = if metadata.is_dir() {
                collect(root, &path, found);
                Vec::new()
            } else if metadata.is_symlink() {
                std::fs::read_link(root.join(&path)).unwrap().as_os_str().as_bytes().to_vec()
            } else {
                std::fs::read(root.join(&path)).unwrap()
            };
            found.insert(path, (metadata.mode() & 0o7777, content));
        }
    }
    let mut found = BTreeMap::new();
    collect(root, Path::new(""), &mut found);
    found
}

/// Places two releases one after the other, switches to and fro, and finds what was changed by hand.
async fn life_of_releases(host: Sshd) {
    let sandbox = world_on(&host, host.port());
    let (target, permit) = (sandbox.target(), any_permit());
    let (world, reader) = (&sandbox.world, sandbox.world.reader());
    let one = built(&sandbox, "v1", &["uploads", "config/.env"]).await;
    world.place_release(&permit, &target, &one).await.unwrap();
    assert_eq!(reader.release_state(&target, &one.release, &one.artifact).await.unwrap(), ReleaseState::Intact);
    world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    let current = host.path("site/current");
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "one\n");
    std::fs::write(current.join("uploads/picture"), "users wrote this").unwrap();
    std::fs::write(host.path("site/shared/config/.env"), "A=1").unwrap();
    assert_eq!(std::fs::read_to_string(current.join("config/.env")).unwrap(), "A=1");
    let releases = host.path("site/releases");
    let stored = |place: &PlaceRelease| {
        let mut stored = tree(&sandbox.path("data/artifacts").join(place.artifact.to_string()));
        let mut placed = tree(&releases.join(place.release.as_str()));
        for tree in [&mut stored, &mut placed] {
            tree.retain(|path, _| !path.starts_with("uploads") && !path.starts_with("config"));
        }
        (stored, placed)
    };
    let (wanted, placed) = stored(&one);
    assert_eq!(placed, wanted);

    sandbox.commit(&[("public/index.html", "two\n")], "v2");
    let two = built(&sandbox, "v2", &["uploads", "config/.env"]).await;
    world.place_release(&permit, &target, &two).await.unwrap();
    let (wanted, placed) = stored(&two);
    assert_eq!(placed, wanted);
    let inode = |place: &PlaceRelease, name: &str| {
        std::fs::metadata(releases.join(place.release.as_str()).join(name)).unwrap().ino()
    };
    assert_eq!(inode(&one, "-rf"), inode(&two, "-rf"), "what is the same is linked");
    assert_ne!(inode(&one, "index.html"), inode(&two, "index.html"));
    world.switch_release(&permit, &target, Some(&two.release)).await.unwrap();
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "two\n");
    assert_eq!(std::fs::read_to_string(current.join("uploads/picture")).unwrap(), "users wrote this");
    let found = reader.releases(&target).await.unwrap();
    assert_eq!((found.current.as_ref(), found.placed.len()), (Some(&two.release), 2));
    // Placing again changes nothing, even while it is live.
    world.place_release(&permit, &target, &two).await.unwrap();
    world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "one\n");

    // What somebody changed by hand is noticed, and nothing new links to it.
    let changed = releases.join(one.release.as_str()).join("line\nend");
    std::fs::write(&changed, "as long as before..\n").unwrap();
    // Later than it was placed: SFTP tells times in seconds.
    let later = std::time::SystemTime::now() + std::time::Duration::from_mins(1);
    std::fs::File::options().write(true).open(&changed).unwrap().set_modified(later).unwrap();
    assert_eq!(reader.release_state(&target, &one.release, &one.artifact).await.unwrap(), ReleaseState::Changed);
    sandbox.commit(&[("public/index.html", "three\n")], "v3");
    let three = built(&sandbox, "v3", &[]).await;
    world.place_release(&permit, &target, &three).await.unwrap();
    let manifest = std::fs::read_to_string(releases.join(format!(".{}.json", three.release))).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["tree"], manifest["artifact"], "a tree has the same digest there as here");
    let (wanted, placed) = stored(&three);
    assert_eq!(placed, wanted);

    let prune = PruneReleases { keep: 0, protect: Some(three.release.clone()) };
    assert_eq!(world.prune_releases(&permit, &target, &prune).await.unwrap(), std::slice::from_ref(&two.release));
    assert!(!releases.join(two.release.as_str()).exists());
    world.switch_release(&permit, &target, None).await.unwrap();
    assert_eq!(reader.releases(&target).await.unwrap().current, None);
}

#[tokio::test]
async fn releases_live_on_a_shared_host() {
    life_of_releases(Sshd::start().await).await;
}

#[tokio::test]
async fn releases_live_on_a_host_of_busybox() {
    life_of_releases(Sshd::shape().busybox_only().start().await).await;
}

#[tokio::test]
async fn releases_live_on_a_host_that_has_only_sftp() {
    life_of_releases(Sshd::shape().sftp_jail().start().await).await;
}

/// Places a release with a name that is Latin-1, where the host can.
async fn a_latin_name(shape: Shape, carries: bool) {
    let host = shape.start().await;
    let sandbox = world_on(&host, host.port());
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(sandbox.service.repository.join("public").join(name), "latin\n").unwrap();
    sandbox.commit(&[], "v2");
    let (target, permit, reader) = (sandbox.target(), any_permit(), sandbox.world.reader());
    let two = built(&sandbox, "v2", &[]).await;
    let ready = reader.check_release_target(&target, &two.artifact, &[]).await;
    let placed = sandbox.world.place_release(&permit, &target, &two).await;
    let release = host.path("site/releases").join(two.release.as_str());
    if !carries {
        let refused = ready.unwrap_err();
        assert!(refused.code == Code::Unsupported && refused.problem.contains("no UTF-8"), "{refused}");
        assert!(placed.unwrap_err().problem.contains("not UTF-8"));
        assert!(!release.exists(), "half a release has no name");
        return;
    }
    ready.unwrap();
    placed.unwrap();
    assert_eq!(reader.release_state(&target, &two.release, &two.artifact).await.unwrap(), ReleaseState::Intact);
    assert_eq!(std::fs::read_to_string(release.join(name)).unwrap(), "latin\n");
    // Linked by that name, and named when it is changed.
    sandbox.commit(&[("public/index.html", "three\n")], "v3");
    let three = built(&sandbox, "v3", &[]).await;
    sandbox.world.place_release(&permit, &target, &three).await.unwrap();
    let linked = host.path("site/releases").join(three.release.as_str()).join(name);
    assert_eq!(std::fs::metadata(&linked).unwrap().nlink(), 2);
    std::fs::remove_file(&linked).unwrap();
    let changed = reader.changed_in_release(&target, &three.release, &three.artifact).await.unwrap();
    assert_eq!(changed, [PathBuf::from(name)]);
}

#[tokio::test]
async fn names_that_are_not_utf_8_need_a_shell() {
    tokio::join!(
        a_latin_name(Sshd::shape(), true),
        a_latin_name(Sshd::shape().busybox_only(), true),
        a_latin_name(Sshd::shape().sftp_only(), false),
    );
}
