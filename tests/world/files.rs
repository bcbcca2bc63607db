//! Files below a root: nothing outside can be read, whatever the links say.

use std::{
    ops::ControlFlow,
    os::unix::fs::symlink,
    sync::{Arc, Mutex},
};

use deploy_ops_mcp::{
    domain::{inventory::RelativePath, name::RootName, refusal::Code},
    world::files::FileKind,
};

use crate::support::sandbox::Sandbox;

fn root() -> RootName {
    "logs".parse().unwrap()
}

fn path(text: &str) -> RelativePath {
    text.parse().unwrap()
}

#[tokio::test]
async fn links_pipes_directories_and_databases_are_not_read() {
    let sandbox = Sandbox::new(&[]);
    sandbox.fill(5, "WAL").await;
    let target = sandbox.path("target");
    std::fs::write(sandbox.path("secret"), "outside").unwrap();
    std::fs::write(target.join("inside"), "inside").unwrap();
    symlink("../secret", target.join("out")).unwrap();
    symlink("inside", target.join("in")).unwrap();
    symlink("/", target.join("all")).unwrap();
    std::process::Command::new("mkfifo").arg(target.join("pipe")).status().unwrap();
    std::fs::hard_link(target.join("shared/main.sqlite"), target.join("harmless")).unwrap();
    let reader = sandbox.world.reader();
    let refused = ["out", "in", "all/etc/passwd", "pipe", "shared", "shared/main.sqlite", "harmless"];
    for name in refused {
        let error = reader.read_file(&root(), &path(name), 0, 100).await.unwrap_err();
        assert_eq!(error.code, Code::PathRefused, "{name}: {error}");
    }
    let missing = reader.read_file(&root(), &path("missing"), 0, 100).await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    let unknown = reader.read_file(&"log".parse().unwrap(), &path("inside"), 0, 100).await.unwrap_err();
    assert_eq!(unknown.code, Code::UnknownName);
    assert_eq!(reader.read_file(&root(), &path("inside"), 0, 100).await.unwrap().bytes, b"inside");
}

#[tokio::test]
async fn a_file_is_read_in_parts() {
    let sandbox = Sandbox::new(&[]);
    std::fs::write(sandbox.path("target/log"), "0123456789").unwrap();
    std::fs::write(sandbox.path("target/binary"), b"a\0b").unwrap();
    let reader = sandbox.world.reader();
    let part = reader.read_file(&root(), &path("log"), 4, 3).await.unwrap();
    assert_eq!((part.bytes.as_slice(), part.next_offset, part.size), (b"456".as_slice(), Some(7), 10));
    assert_eq!(part.kind, FileKind::Text);
    assert_eq!(reader.read_file(&root(), &path("log"), 7, 3).await.unwrap().next_offset, None);
    assert_eq!(reader.read_file(&root(), &path("log"), 99, 3).await.unwrap().bytes, b"");
    assert_eq!(reader.read_file(&root(), &path("binary"), 0, 9).await.unwrap().kind, FileKind::Binary);
    let (entries, more) = reader.list_directory(&root(), None, 1).await.unwrap();
    assert_eq!((entries[0].name.as_str(), entries[0].kind, entries[0].bytes, more), ("binary", "file", 3, true));
}

#[tokio::test]
async fn lines_are_capped_and_rotated_files_are_found() {
    let sandbox = Sandbox::new(&[]);
    let long = "x".repeat(100_000);
    std::fs::write(sandbox.path("target/log"), format!("one\n{long}\n\nlast")).unwrap();
    std::fs::write(sandbox.path("target/log.1"), "older\n").unwrap();
    std::fs::write(sandbox.path("target/log.2.gz"), "older\n").unwrap();
    let reader = sandbox.world.reader();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = seen.clone();
    let visit = move |at: u64, line: &[u8]| {
        lines.lock().unwrap().push((at, line.len()));
        ControlFlow::Continue(())
    };
    reader.visit_lines(&root(), &path("log"), visit).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [(0, 3), (4, 8192), (100_005, 0), (100_006, 4)]);
    assert_eq!(reader.rotated(&root(), &path("log")), [path("log"), path("log.1")]);
}
