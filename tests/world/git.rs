//! Repositories: versions, files, exports.

use std::os::unix::fs::PermissionsExt;

use deploy_ops_mcp::domain::refusal::Code;

use crate::support::{
    permit::permit,
    sandbox::{Sandbox, git},
};

const HOOK: &str = "#!/bin/sh\ntouch ../hook-ran\n";

#[tokio::test]
async fn a_version_is_a_tag_or_a_full_commit() {
    let sandbox = Sandbox::new(&[("a", "1\n")]);
    sandbox.commit(&[("a", "2\n")], "v2");
    let reader = sandbox.world.reader();
    let second = sandbox.revision("v2").await;
    assert!(second.tag_object.is_some());
    let by_commit = sandbox.revision(&second.commit).await;
    assert_eq!((by_commit.commit, by_commit.tree), (second.commit.clone(), second.tree));
    let unknown = reader.resolve_version(&sandbox.service, &"v3".parse().unwrap()).await.unwrap_err();
    assert_eq!(unknown.code, Code::UnknownVersion);
    assert!(unknown.fix.contains("v2") || unknown.fix.contains("v1"), "{}", unknown.fix);
    let branch = reader.resolve_version(&sandbox.service, &"main".parse().unwrap()).await.unwrap_err();
    assert_eq!(branch.code, Code::UnknownVersion, "a branch is not a version");
    let names: Vec<String> =
        reader.tags(&sandbox.service, 10).await.unwrap().iter().map(|tag| tag.version.to_string()).collect();
    assert_eq!(names, ["v2", "v1"]);
    let previous = reader.previous_tag(&sandbox.service, &second.commit).await.unwrap().unwrap();
    assert_eq!(previous.version.as_str(), "v1");
    let first = sandbox.revision("v1").await;
    assert_eq!(reader.previous_tag(&sandbox.service, &first.commit).await.unwrap(), None);
}

#[tokio::test]
async fn an_export_has_the_bytes_of_the_commit_and_runs_nothing_of_the_repository() {
    let sandbox = Sandbox::new(&[
        ("x:bin/run.sh", "#!/usr/bin/env bash -e\r\necho\n"),
        ("text.txt", "a\r\n$Id$\n"),
        (".gitattributes", "*.txt filter=evil ident export-subst\n"),
        ("deep/er/$Format:%H$.txt", "$Format:%H$\n"),
        ("odd\nname \"\\n\t\u{fc}\r", "odd\n"),
    ]);
    let repository = &sandbox.service.repository;
    git(repository, &["config", "filter.evil.smudge", "touch ../filter-ran; cat"]);
    git(repository, &["config", "core.fsmonitor", "touch ../fsmonitor-ran; false"]);
    let hook = repository.join(".git/hooks/post-checkout");
    std::fs::write(&hook, HOOK).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(repository.join("text.txt"), "dirty\n").unwrap();

    let revision = sandbox.revision("v1").await;
    let permit = permit(vec![snapshot_step()], None, None);
    let export =
        sandbox.world.export_commit(&permit, &sandbox.service, &revision.commit, Some(&revision.tree)).await.unwrap();
    assert_eq!(std::fs::read(export.join("text.txt")).unwrap(), b"a\r\n$Id$\n");
    assert_eq!(std::fs::read(export.join("deep/er/$Format:%H$.txt")).unwrap(), b"$Format:%H$\n");
    assert_eq!(std::fs::read(export.join("odd\nname \"\\n\t\u{fc}\r")).unwrap(), b"odd\n");
    let mode = |path: &str| std::fs::metadata(export.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("bin/run.sh"), mode("text.txt")), (0o755, 0o644));
    assert!(!export.join(".git").exists());
    for ran in ["hook-ran", "filter-ran", "fsmonitor-ran"] {
        assert!(!sandbox.path(ran).exists(), "{ran}");
    }
    let wrong = sandbox.world.export_commit(&permit, &sandbox.service, &"0".repeat(40), None).await;
    assert!(wrong.is_err());
}

#[tokio::test]
async fn a_tree_that_is_not_the_planned_one_is_not_exported() {
    let sandbox = Sandbox::new(&[("a", "1\n")]);
    let first = sandbox.revision("v1").await;
    sandbox.commit(&[("a", "2\n")], "v2");
    let second = sandbox.revision("v2").await;
    let permit = permit(vec![snapshot_step()], None, None);
    let world = &sandbox.world;
    assert!(world.export_commit(&permit, &sandbox.service, &second.commit, Some(&first.tree)).await.is_err());
}

#[tokio::test]
async fn links_that_leave_an_export_are_refused() {
    for (link, target) in [("out", "../../etc"), ("absolute", "/etc/passwd"), ("sub/up", "../../x")] {
        let sandbox = Sandbox::new(&[("sub/file", "1\n")]);
        std::os::unix::fs::symlink(target, sandbox.service.repository.join(link)).unwrap();
        sandbox.commit(&[], "v2");
        assert_export_refused(&sandbox).await;
    }
    // Each link stays inside by its text; together they lead out.
    let sandbox = Sandbox::new(&[("x/file", "1\n")]);
    std::os::unix::fs::symlink("..", sandbox.service.repository.join("x/d")).unwrap();
    std::os::unix::fs::symlink("x/d/../..", sandbox.service.repository.join("e")).unwrap();
    sandbox.commit(&[], "v2");
    assert_export_refused(&sandbox).await;

    let sandbox = Sandbox::new(&[("x/file", "1\n")]);
    std::os::unix::fs::symlink("x/file", sandbox.service.repository.join("inside")).unwrap();
    std::os::unix::fs::symlink("not-there-yet", sandbox.service.repository.join("dangling")).unwrap();
    sandbox.commit(&[], "v2");
    let commit = sandbox.revision("v2").await.commit;
    let permit = permit(vec![snapshot_step()], None, None);
    let export = sandbox.world.export_commit(&permit, &sandbox.service, &commit, None).await.unwrap();
    assert_eq!(std::fs::read(export.join("inside")).unwrap(), b"1\n");
}

async fn assert_export_refused(sandbox: &Sandbox) {
    let commit = sandbox.revision("v2").await.commit;
    let permit = permit(vec![snapshot_step()], None, None);
    let error = sandbox.world.export_commit(&permit, &sandbox.service, &commit, None).await.unwrap_err();
    assert_eq!(error.code, Code::PathRefused, "{error}");
}

#[tokio::test]
async fn a_script_and_its_interpreter_are_read_from_the_commit() {
    let sandbox = Sandbox::new(&[("x:deploy.sh", "#!/bin/bash -eu\necho 1\n"), ("plain", "x")]);
    let commit = sandbox.revision("v1").await.commit;
    std::fs::write(sandbox.service.repository.join("deploy.sh"), "changed").unwrap();
    let reader = sandbox.world.reader();
    let file = reader.file_at(&sandbox.service, &commit, &"deploy.sh".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(file.bytes, b"#!/bin/bash -eu\necho 1\n");
    assert_eq!(file.interpreter(), ["/bin/bash", "-eu"]);
    assert!(file.executable);
    let plain = reader.file_at(&sandbox.service, &commit, &"plain".parse().unwrap()).await.unwrap().unwrap();
    assert!(plain.interpreter().is_empty() && !plain.executable);
    assert_eq!(reader.file_at(&sandbox.service, &commit, &"none".parse().unwrap()).await.unwrap(), None);
}

fn snapshot_step() -> deploy_ops_mcp::domain::step::Step {
    deploy_ops_mcp::domain::step::Step::PruneReleases(deploy_ops_mcp::domain::step::PruneReleases {
        keep: 1,
        protect: None,
    })
}
