//! Files below a root: nothing outside can be read, whatever the links say.

use std::os::unix::fs::symlink;

use deploy_ops_mcp::domain::{
    inventory::{RelativePath, Root},
    refusal::Code,
};

use crate::support::sandbox::Sandbox;

fn path(text: &str) -> RelativePath {
    text.parse().unwrap()
}

#[tokio::test]
async fn links_pipes_directories_and_databases_are_not_read() {
    let sandbox = Sandbox::new(&[]);
    sandbox.fill(5, "WAL").await;
    let root = sandbox.path("target");
    std::fs::write(sandbox.path("secret"), "outside").unwrap();
    std::fs::write(root.join("inside"), "inside").unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink("inside", root.join("in")).unwrap();
    symlink("/", root.join("all")).unwrap();
    std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
    std::fs::hard_link(root.join("shared/main.sqlite"), root.join("harmless")).unwrap();
    let (reader, root) = (sandbox.world.reader(), Root::here(root));
    for name in ["out", "in", "all/etc/passwd", "pipe", "shared", "shared/main.sqlite", "harmless"] {
        let error = reader.read_lines(&root, &path(name), 1, 10, None).await.unwrap_err();
        assert_eq!(error.code, Code::PathRefused, "{name}: {error}");
    }
    let missing = reader.read_lines(&root, &path("missing"), 1, 10, None).await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    let inside = reader.read_lines(&root, &path("inside"), 1, 10, None).await.unwrap();
    assert_eq!(inside.lines, [(1, "inside".to_owned())]);
}
