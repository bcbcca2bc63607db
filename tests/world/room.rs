//! A release that this machine has no room for is refused by the dry run.

use std::{os::unix::fs::PermissionsExt, process::Command};

use deploy_ops_mcp::domain::{inventory::Deploy, refusal::Code};

use crate::support::{
    sandbox::Sandbox,
    small_disk::{mount, run_apart},
};

#[test]
fn a_release_without_room_here_is_refused() {
    run_apart("world::room::on_a_small_disk");
}

#[tokio::test]
#[ignore = "runs where it may mount"]
async fn on_a_small_disk() {
    let sandbox = Sandbox::new(&[("public/index.html", &"x".repeat(3 << 20))]);
    let Deploy::Release(deploy) = sandbox.service.deploy.clone() else { panic!() };
    let revision = sandbox.revision("v1").await;
    let reader = sandbox.world.reader();
    let artifact = reader.build_artifact(&sandbox.service, &deploy, &revision).await.unwrap();
    let check = async || reader.check_release_target(&sandbox.target(), &artifact.digest, &[]).await;
    let target = sandbox.path("target");
    mount(&target, 1);
    let refused = check().await.unwrap_err();
    assert!(refused.code == Code::WorldFailed && refused.problem.contains("bytes, and the disk has "), "{refused}");
    mount(&target, 8);
    check().await.unwrap();
    // Only this process and its children see this program.
    let programs = sandbox.path("programs");
    std::fs::create_dir(&programs).unwrap();
    std::fs::write(programs.join("quota"), "#!/bin/sh\necho '/dev/sda1 1000 0 2000 10 0 0'\n").unwrap();
    std::fs::set_permissions(programs.join("quota"), PermissionsExt::from_mode(0o755)).unwrap();
    let bound = Command::new("mount").arg("--bind").arg(&programs).arg("/usr/local/sbin").status().unwrap();
    assert!(bound.success());
    let refused = check().await.unwrap_err();
    assert!(refused.problem.contains("bytes, and the login's quota has 1024000 left"), "{refused}");
}
