//! Releases: placed whole, switched at once, pruned with care, refused where the directory is strange.

use std::{
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
};

use deploy_ops_mcp::{
    domain::{
        inventory::{Build, Deploy, ReleaseDeploy},
        refusal::Code,
        release::ReleaseId,
        step::{PlaceRelease, PruneReleases, Step},
    },
    policy::Permit,
    world::{artifacts::ArtifactState, releases::ReleaseState},
};

use crate::support::{permit::permit, sandbox::Sandbox};

const FILES: &[(&str, &str)] =
    &[("public/index.html", "one\n"), ("x:public/bin/tool", "#!/bin/sh\n"), ("public/uploads/.keep", "")];

fn any_permit() -> Permit {
    permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None)
}

fn deploy(sandbox: &Sandbox) -> ReleaseDeploy {
    match &sandbox.service.deploy {
        Deploy::Release(deploy) => deploy.clone(),
        Deploy::Script(_) => panic!(),
    }
}

/// Builds the artifact of a version and says how it is placed.
async fn built(sandbox: &Sandbox, version: &str, shared: &[&str]) -> PlaceRelease {
    let revision = sandbox.revision(version).await;
    let artifact = sandbox.world.reader().build_artifact(&sandbox.service, &deploy(sandbox), &revision).await.unwrap();
    PlaceRelease {
        release: ReleaseId::new(&revision.version, &artifact.digest),
        artifact: artifact.digest,
        shared: shared.iter().map(|path| path.parse().unwrap()).collect(),
    }
}

#[tokio::test]
async fn a_release_is_placed_switched_and_switched_back() {
    let sandbox = Sandbox::new(FILES);
    let (target, permit) = (sandbox.target(), any_permit());
    let (world, reader) = (&sandbox.world, sandbox.world.reader());
    let one = built(&sandbox, "v1", &["uploads", "config/.env"]).await;
    world.place_release(&permit, &target, &one).await.unwrap();
    assert_eq!(reader.release_state(&target, &one.release, &one.artifact).await.unwrap(), ReleaseState::Intact);
    world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    let current = sandbox.path("target/current");
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "one\n");
    assert_eq!(std::fs::metadata(current.join("bin/tool")).unwrap().permissions().mode() & 0o777, 0o755);
    std::fs::write(current.join("uploads/picture"), "users wrote this").unwrap();
    std::fs::write(sandbox.path("target/shared/config/.env"), "A=1").unwrap();
    assert_eq!(std::fs::read_to_string(current.join("config/.env")).unwrap(), "A=1");

    sandbox.commit(&[("public/index.html", "two\n")], "v2");
    let two = built(&sandbox, "v2", &["uploads", "config/.env"]).await;
    assert_ne!(one.artifact, two.artifact);
    world.place_release(&permit, &target, &two).await.unwrap();
    world.switch_release(&permit, &target, Some(&two.release)).await.unwrap();
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "two\n");
    assert_eq!(std::fs::read_to_string(current.join("uploads/picture")).unwrap(), "users wrote this");
    let releases = reader.releases(&target).await.unwrap();
    assert_eq!((releases.current.as_ref(), releases.placed.len()), (Some(&two.release), 2));
    // Placing again changes nothing, even while it is live.
    world.place_release(&permit, &target, &two).await.unwrap();
    world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    assert_eq!(std::fs::read_to_string(current.join("index.html")).unwrap(), "one\n");
    world.switch_release(&permit, &target, None).await.unwrap();
    assert_eq!(reader.releases(&target).await.unwrap().current, None);
}

#[tokio::test]
async fn a_build_runs_in_a_clean_export_and_the_same_commit_gives_the_same_artifact() {
    let sandbox = Sandbox::with(&[("src/page", "hello\n")], |inventory| {
        for service in inventory.services.values_mut() {
            let Deploy::Release(deploy) = &mut service.deploy else { panic!() };
            let command = ["sh", "-c", "mkdir public && tr a-z A-Z < src/page > public/page && env > public/env"];
            deploy.build = Some(Build { command: command.map(str::to_owned).to_vec(), timeout_s: 20 });
        }
    });
    let one = built(&sandbox, "v1", &[]).await;
    let store = sandbox.path("data/artifacts").join(one.artifact.to_string());
    assert_eq!(std::fs::read_to_string(store.join("page")).unwrap(), "HELLO\n");
    assert!(!std::fs::read_to_string(store.join("env")).unwrap().contains("APP_TOKEN"));
    let reader = sandbox.world.reader();
    assert_eq!(reader.artifact_state(&one.artifact).await.unwrap(), ArtifactState::Intact);
    std::fs::write(store.join("page"), "tampered").unwrap();
    assert_eq!(reader.artifact_state(&one.artifact).await.unwrap(), ArtifactState::Damaged);
    let error = sandbox.world.place_release(&any_permit(), &sandbox.target(), &one).await.unwrap_err();
    assert!(error.problem.contains("not what was planned"), "{error}");
    assert_eq!(sandbox.world.reader().releases(&sandbox.target()).await.unwrap().placed, []);
}

#[tokio::test]
async fn what_was_changed_after_placing_is_noticed() {
    let sandbox = Sandbox::new(FILES);
    let (target, permit) = (sandbox.target(), any_permit());
    let one = built(&sandbox, "v1", &[]).await;
    sandbox.world.place_release(&permit, &target, &one).await.unwrap();
    let file = sandbox.path("target/releases").join(one.release.as_str()).join("index.html");
    std::fs::write(&file, "changed").unwrap();
    let state = sandbox.world.reader().release_state(&target, &one.release, &one.artifact).await.unwrap();
    assert_eq!(state, ReleaseState::Changed);
    sandbox.world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    let live = sandbox.world.place_release(&permit, &target, &one).await.unwrap_err();
    assert_eq!(live.code, Code::WrongState, "a live release is not replaced under its users");
    sandbox.world.switch_release(&permit, &target, None).await.unwrap();
    sandbox.world.place_release(&permit, &target, &one).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\n");
}

#[tokio::test]
async fn pruning_spares_the_live_and_the_protected_release() {
    let sandbox = Sandbox::new(FILES);
    let (target, permit) = (sandbox.target(), any_permit());
    let mut placed = Vec::new();
    for version in ["v1", "v2", "v3", "v4"] {
        if version != "v1" {
            sandbox.commit(&[("public/index.html", version)], version);
        }
        let release = built(&sandbox, version, &[]).await;
        sandbox.world.place_release(&permit, &target, &release).await.unwrap();
        placed.push(release.release);
    }
    let prune = PruneReleases { keep: 0, protect: Some(placed[1].clone()) };
    assert_eq!(sandbox.world.prune_releases(&permit, &target, &prune).await.unwrap(), [], "nothing is live");
    sandbox.world.switch_release(&permit, &target, Some(&placed[0])).await.unwrap();
    let mut removed = sandbox.world.prune_releases(&permit, &target, &prune).await.unwrap();
    removed.sort();
    assert_eq!(removed, placed[2..]);
    let mut left: Vec<ReleaseId> =
        sandbox.world.reader().releases(&target).await.unwrap().placed.into_iter().map(|release| release.id).collect();
    left.sort();
    assert_eq!(left, placed[..2]);
}

#[tokio::test]
async fn strange_directories_are_refused_with_the_fix() {
    let strange: [(&str, &dyn Fn(&Path)); 5] = [
        ("current is a directory", &|root| std::fs::create_dir(root.join("current")).unwrap()),
        ("current leads out", &|root| symlink("/etc", root.join("current")).unwrap()),
        ("current climbs", &|root| symlink("releases/../../x", root.join("current")).unwrap()),
        ("releases is a link", &|root| symlink("/tmp", root.join("releases")).unwrap()),
        ("shared is a file", &|root| std::fs::write(root.join("shared"), "").unwrap()),
    ];
    for (what, make) in strange {
        let sandbox = Sandbox::new(FILES);
        make(&sandbox.path("target"));
        let error = sandbox.world.reader().releases(&sandbox.target()).await.unwrap_err();
        assert_eq!(error.code, Code::WrongState, "{what}");
        assert!(!error.fix.is_empty());
        let one = built(&sandbox, "v1", &[]).await;
        assert!(sandbox.world.place_release(&any_permit(), &sandbox.target(), &one).await.is_err(), "{what}");
        let switched = sandbox.world.switch_release(&any_permit(), &sandbox.target(), Some(&one.release)).await;
        assert!(switched.is_err(), "{what}");
    }
}

#[tokio::test]
async fn a_shared_path_below_a_link_of_the_artifact_is_refused() {
    let sandbox = Sandbox::new(FILES);
    symlink("uploads", sandbox.service.repository.join("public/link")).unwrap();
    sandbox.commit(&[], "v2");
    let place = built(&sandbox, "v2", &["link/inner"]).await;
    let error = sandbox.world.place_release(&any_permit(), &sandbox.target(), &place).await.unwrap_err();
    assert_eq!(error.code, Code::WrongState);
}

#[tokio::test]
async fn names_that_are_not_utf_8_are_released_as_they_are() {
    let sandbox = Sandbox::new(FILES);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(sandbox.service.repository.join("public").join(name), "latin\n").unwrap();
    sandbox.commit(&[], "v2");
    let (target, permit) = (sandbox.target(), any_permit());
    let two = built(&sandbox, "v2", &[]).await;
    sandbox.world.reader().check_release_target(&target, &two.artifact, &[]).await.unwrap();
    sandbox.world.place_release(&permit, &target, &two).await.unwrap();
    let state = sandbox.world.reader().release_state(&target, &two.release, &two.artifact).await.unwrap();
    assert_eq!(state, ReleaseState::Intact);
    let placed = sandbox.path("target/releases").join(two.release.as_str()).join(name);
    assert_eq!(std::fs::read_to_string(placed).unwrap(), "latin\n");
}
