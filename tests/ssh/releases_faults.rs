//! Releases on a host that is full, far away, shared with somebody, or not what it should be.

use std::{os::unix::fs::symlink, time::Duration};

use deploy_ops_mcp::{
    domain::{refusal::Code, step::PlaceRelease},
    world::releases::ReleaseState,
};

use super::releases::{any_permit, built, world_on};
use crate::support::{
    cut::{Cut, Way},
    sandbox::Sandbox,
    sshd::{Shape, Sshd},
};

/// Commits `count` files of 1 MiB each that no packer makes smaller.
fn commit_noise(sandbox: &Sandbox, count: u32, tag: &str) {
    let directory = sandbox.service.repository.join("public/noise");
    std::fs::create_dir_all(&directory).unwrap();
    for number in 0..count {
        let mut noise = vec![0; 1 << 20];
        getrandom::fill(&mut noise).unwrap();
        std::fs::write(directory.join(format!("{tag}-{number}")), noise).unwrap();
    }
    sandbox.commit(&[], tag);
}

async fn state(sandbox: &Sandbox, place: &PlaceRelease) -> ReleaseState {
    sandbox.world.reader().release_state(&sandbox.target(), &place.release, &place.artifact).await.unwrap()
}

/// Cuts the line in the middle of a transfer.
async fn a_cut_transfer_goes_on(shape: Shape) {
    let host = shape.start().await;
    let line = Cut::before(host.port()).await;
    let sandbox = world_on(&host, line.port());
    commit_noise(&sandbox, 24, "v2");
    let two = built(&sandbox, "v2", &[]).await;
    let target = sandbox.target();
    // The connection is open, and what the cut is counted from is known.
    sandbox.world.reader().releases(&target).await.unwrap();
    let before = line.passed(Way::ToServer);
    line.cut_after_bytes(Way::ToServer, 18 << 20);
    sandbox.world.place_release(&any_permit(), &target, &two).await.unwrap();
    assert!(!line.disarm() && line.connections() >= 2);
    let sent = (line.passed(Way::ToServer) - before) >> 20;
    assert!(sent < 18 + 24 - 8, "{sent} MiB: what had arrived was sent again");
    assert_eq!(state(&sandbox, &two).await, ReleaseState::Intact);
    assert!(!host.path(format!("site/releases/{}.partial", two.release)).exists());
}

#[tokio::test]
async fn a_transfer_that_is_cut_goes_on_where_it_was() {
    a_cut_transfer_goes_on(Sshd::shape()).await;
}

#[tokio::test]
async fn a_transfer_over_sftp_that_is_cut_goes_on_where_it_was() {
    a_cut_transfer_goes_on(Sshd::shape().sftp_only()).await;
}

#[tokio::test]
async fn a_host_that_is_away_for_a_while_is_waited_for() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let sandbox = world_on(&host, line.port());
    let one = built(&sandbox, "v1", &[]).await;
    line.down().await;
    let (target, permit) = (sandbox.target(), any_permit());
    let refused = sandbox.world.reader().releases(&target).await.unwrap_err();
    assert_eq!(refused.code, Code::HostUnreachable, "a dry run does not wait");
    let placing = sandbox.world.place_release(&permit, &target, &one);
    let away = async {
        tokio::time::timeout(Duration::from_secs(2), std::future::pending::<()>()).await.unwrap_err();
        line.up().await;
    };
    tokio::join!(placing, away).0.unwrap();
    assert_eq!(state(&sandbox, &one).await, ReleaseState::Intact);
}

#[tokio::test]
async fn an_artifact_that_was_changed_here_does_not_become_a_release() {
    for shape in [Sshd::shape(), Sshd::shape().sftp_only()] {
        let host = shape.start().await;
        let sandbox = world_on(&host, host.port());
        let (target, permit) = (sandbox.target(), any_permit());
        let one = built(&sandbox, "v1", &[]).await;
        let kept = sandbox.path("data/artifacts").join(one.artifact.to_string());
        for changed in ["two\n", "longer than before\n"] {
            std::fs::write(kept.join("index.html"), changed).unwrap();
            let refused = sandbox.world.place_release(&permit, &target, &one).await.unwrap_err();
            assert!(refused.problem.contains("not what was planned"), "{refused}");
            assert_eq!(sandbox.world.reader().releases(&target).await.unwrap().placed, []);
        }
        // What is written down of it is not needed, and is not believed without its digest.
        std::fs::write(kept.join("index.html"), "one\n").unwrap();
        std::fs::write(kept.with_extension("files"), "something else").unwrap();
        sandbox.world.place_release(&permit, &target, &one).await.unwrap();
        assert_eq!(state(&sandbox, &one).await, ReleaseState::Intact);
    }
}

/// Fills the host's disk by a release.
async fn a_full_disk_changes_nothing(shape: Shape) {
    let host = shape.disk(16 << 20).start().await;
    let sandbox = world_on(&host, host.port());
    let (target, permit) = (sandbox.target(), any_permit());
    let one = built(&sandbox, "v1", &[]).await;
    sandbox.world.reader().check_release_target(&target, &one.artifact, &[]).await.unwrap();
    sandbox.world.place_release(&permit, &target, &one).await.unwrap();
    sandbox.world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    commit_noise(&sandbox, 20, "v2");
    let two = built(&sandbox, "v2", &[]).await;
    let found = sandbox.world.reader().check_release_target(&target, &two.artifact, &[]).await.unwrap_err();
    assert!(found.problem.contains("bytes, and the disk has"), "{found}");
    let full = sandbox.world.place_release(&permit, &target, &two).await.unwrap_err();
    assert!(full.problem.contains("full"), "{full}");
    assert!(full.fix.contains("pace"), "{full:?}");
    assert_eq!(state(&sandbox, &one).await, ReleaseState::Intact);
    let releases = sandbox.world.reader().releases(&target).await.unwrap();
    assert_eq!((releases.current, releases.placed.len()), (Some(one.release), 1));
    // The live service gets its room back.
    assert!(!host.path(format!("site/releases/{}.partial", two.release)).exists());
    host.plant("site/shared/upload", vec![0; 8 << 20]);
}

#[tokio::test]
async fn a_full_disk_is_found_before_and_survived_after() {
    a_full_disk_changes_nothing(Sshd::shape()).await;
}

#[tokio::test]
async fn a_full_disk_behind_sftp_is_found_before_and_survived_after() {
    a_full_disk_changes_nothing(Sshd::shape().sftp_only()).await;
}

#[tokio::test]
async fn of_two_servers_that_know_nothing_of_each_other_one_changes_a_target() {
    let host = Sshd::start().await;
    let (ours, theirs) = (world_on(&host, host.port()), world_on(&host, host.port()));
    let place = built(&ours, "v1", &[]).await;
    assert_eq!(built(&theirs, "v1", &[]).await.artifact, place.artifact);
    let permits = [any_permit(), any_permit()];
    let target = ours.target();
    let (one, two) = tokio::join!(
        ours.world.place_release(&permits[0], &target, &place),
        theirs.world.place_release(&permits[1], &target, &place)
    );
    let (winner, loser, error) = match (one, two) {
        (Ok(()), Err(error)) => ((&ours, &permits[0]), (&theirs, &permits[1]), error),
        (Err(error), Ok(())) => ((&theirs, &permits[1]), (&ours, &permits[0]), error),
        other => panic!("{other:?}"),
    };
    assert_eq!(error.code, Code::Locked, "{error}");
    assert!(error.problem.contains(winner.1.operation().as_str()), "{error}");
    assert!(error.fix.contains("/site/.deploy-ops/claim"), "{error:?}");
    // A dry run and the facts before an execution find it too.
    assert_eq!(loser.0.world.reader().host_key(&target).await.unwrap_err().code, Code::Locked);
    assert_eq!(winner.0.world.reader().host_key(&target).await.unwrap(), Some(host.fingerprint()));
    // Whoever does not hold the claim cannot give it back.
    loser.0.world.give_target_back(loser.1, &target).await.unwrap();
    let prune = deploy_ops_mcp::domain::step::PruneReleases { keep: 1, protect: None };
    assert_eq!(loser.0.world.prune_releases(loser.1, &target, &prune).await.unwrap_err().code, Code::Locked);
    winner.0.world.give_target_back(winner.1, &target).await.unwrap();
    loser.0.world.switch_release(loser.1, &target, Some(&place.release)).await.unwrap();
    assert_eq!(std::fs::read_to_string(host.path("site/current/index.html")).unwrap(), "one\n");
}

#[tokio::test]
async fn a_dry_run_finds_a_target_that_could_not_be_deployed_to() {
    let host = Sshd::start().await;
    let sandbox = world_on(&host, host.port());
    let one = built(&sandbox, "v1", &[]).await;
    let target = sandbox.target();
    let check = async || sandbox.world.reader().check_release_target(&target, &one.artifact, &[]).await;
    check().await.unwrap();
    assert_eq!(std::fs::read_dir(host.path("site")).unwrap().count(), 1, "a dry run writes nothing");

    host.run("mkdir site/releases && chmod 555 site/releases").await;
    let found = check().await.unwrap_err();
    assert!(found.problem.ends_with("/site/releases"), "{found}");
    host.run("chmod 755 site/releases && mkdir site/current").await;
    let found = check().await.unwrap_err();
    assert!(found.problem.contains("not a symbolic link"), "{found}");
    std::fs::remove_dir(host.path("site/current")).unwrap();
    symlink("/etc", host.path("site/current")).unwrap();
    assert!(check().await.unwrap_err().problem.contains("not a release"));
    std::fs::remove_file(host.path("site/current")).unwrap();
    host.run("mv site/releases site/old && ln -s old site/releases").await;
    assert_eq!(check().await.unwrap_err().code, Code::WrongState);
    host.run("mv site away").await;
    let found = check().await.unwrap_err();
    assert!(found.fix.contains("on the host"), "{found:?}");
}

#[tokio::test]
async fn a_host_that_cannot_replace_a_link_is_found_by_the_dry_run() {
    let host = Sshd::shape().sftp_only().config("ForceCommand internal-sftp -P posix-rename").start().await;
    let sandbox = world_on(&host, host.port());
    let one = built(&sandbox, "v1", &[]).await;
    let found = sandbox.world.reader().check_release_target(&sandbox.target(), &one.artifact, &[]).await.unwrap_err();
    assert!(found.code == Code::Unsupported && found.problem.contains("one step"), "{found}");
}

#[tokio::test]
async fn the_login_s_shared_files_are_never_written_through_a_link_of_an_old_release() {
    let host = Sshd::start().await;
    let sandbox = world_on(&host, host.port());
    let (target, permit) = (sandbox.target(), any_permit());
    let one = built(&sandbox, "v1", &["uploads"]).await;
    sandbox.world.place_release(&permit, &target, &one).await.unwrap();
    sandbox.world.switch_release(&permit, &target, Some(&one.release)).await.unwrap();
    host.plant("site/shared/uploads/picture", "users wrote this");
    // Somebody replaces a directory of the live release by a link to what users own.
    let place = format!("site/releases/{}", one.release);
    host.run(&format!("rm -r {place}/bin && ln -s ../../shared/uploads {place}/bin")).await;
    sandbox.commit(&[("x:public/bin/tool", "#!/bin/sh\nnew\n"), ("public/bin/picture", "of the release")], "v2");
    let two = built(&sandbox, "v2", &["uploads"]).await;
    sandbox.world.place_release(&permit, &target, &two).await.unwrap();
    assert_eq!(state(&sandbox, &two).await, ReleaseState::Intact);
    assert_eq!(std::fs::read(host.path("site/shared/uploads/picture")).unwrap(), b"users wrote this");
    assert!(!host.path("site/shared/uploads/tool").exists());
}
