//! A dry run finds what the disk, its inodes or the login's quota would not hold.

use std::os::unix::fs::PermissionsExt;

use deploy_ops_mcp::{domain::refusal::Code, world::WorldError};

use super::releases::{any_permit, built, world_on};
use crate::support::sshd::Sshd;

/// Says what `quota -w` says: of a file system, what is used and what may be, KiB and files.
fn quota(host: &Sshd, lines: &[(&str, [u64; 2], [u64; 2])]) {
    let mut said = "Disk quotas for user web1 (uid 61001): \n     Filesystem  blocks   quota   limit   grace   files   quota   limit   \
                    grace\n"
        .to_owned();
    for (name, [blocks, of_blocks], [files, of_files]) in lines {
        said += &format!("{name} {blocks} {of_blocks} {of_blocks} {files} {of_files} {of_files}\n");
    }
    let program = host.outside("/usr/bin/quota");
    std::fs::write(&program, format!("#!/bin/sh\n[ \"$*\" = -w ] || exit 9\ncat <<'end'\n{said}end\nexit 1\n"))
        .unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_quota_that_a_release_would_pass_refuses_it() {
    let host = Sshd::shape().disk(64 << 20).start().await;
    let sandbox = world_on(&host, host.port());
    let one = built(&sandbox, "v1", &[]).await;
    let check = async || sandbox.world.reader().check_release_target(&sandbox.target(), &one.artifact, &[]).await;
    let refused = async |wanted: &str| {
        let error: WorldError = check().await.unwrap_err();
        assert!(error.code == Code::WorldFailed && error.problem.contains(wanted), "{error}");
        assert!(error.fix.contains("larger quota"), "{error:?}");
    };
    // The release has three megabytes in some twenty files. The disk is called `web`.
    quota(&host, &[("web", [90_000, 92_000], [5, 0])]);
    refused(&format!("bytes, and the login's quota has {} left", 2_000 * 1024)).await;
    quota(&host, &[("web", [0, 0], [95, 100])]);
    refused("files, and the login's quota has 5 left").await;
    // Somebody who is over the limit has nothing left.
    quota(&host, &[("web", [95_000, 92_000], [0, 0])]);
    refused("bytes, and the login's quota has 0 left").await;
    // Another disk is none of its business, as long as its own is among them.
    quota(&host, &[("/dev/sdb1", [10, 10], [5, 5]), ("web", [10, 92_000], [5, 5_000])]);
    check().await.unwrap();
    quota(&host, &[("/dev/mapper/home", [10, 10], [5, 0])]);
    refused("has 0 left").await;

    // What is linked to the live release needs no room of its own.
    quota(&host, &[("web", [0, 92_000], [0, 100])]);
    let permit = any_permit();
    sandbox.world.place_release(&permit, &sandbox.target(), &one).await.unwrap();
    sandbox.world.switch_release(&permit, &sandbox.target(), Some(&one.release)).await.unwrap();
    sandbox.commit(&[("public/index.html", "two\n")], "v2");
    let two = built(&sandbox, "v2", &[]).await;
    quota(&host, &[("web", [90_000, 90_200], [50, 100])]);
    sandbox.world.reader().check_release_target(&sandbox.target(), &two.artifact, &[]).await.unwrap();
}

#[tokio::test]
async fn a_disk_without_inodes_refuses_a_release() {
    let host = Sshd::shape().disk(64 << 20).start().await;
    let sandbox = world_on(&host, host.port());
    let one = built(&sandbox, "v1", &[]).await;
    let check = async || sandbox.world.reader().check_release_target(&sandbox.target(), &one.artifact, &[]).await;
    check().await.unwrap();
    let few = host.as_root(&format!("mount -o remount,nr_inodes=12 .{}", host.root()), "").await;
    assert_eq!(few.code, Some(0), "{}", few.stderr);
    let refused = check().await.unwrap_err();
    assert!(refused.problem.contains("files, and the disk has "), "{refused}");
    // A host that only has SFTP tells it as well.
    let files = Sshd::shape().sftp_only().disk(64 << 20).start().await;
    files.as_root(&format!("mount -o remount,nr_inodes=12 .{}", files.root()), "").await;
    let sandbox = world_on(&files, files.port());
    let one = built(&sandbox, "v1", &[]).await;
    let refused = sandbox.world.reader().check_release_target(&sandbox.target(), &one.artifact, &[]).await.unwrap_err();
    assert!(refused.problem.contains("files, and the disk has "), "{refused}");
}
