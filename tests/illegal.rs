//! What must not compile: the ways round the rules that the types close.
//!
//! Each program of `tests/illegal` is compiled against the library that these tests use, and all that the compiler says of it is
//! compared with the file beside it. One of them is legal: what it does compiles, so the others fail for their own reasons.
//! `UPDATE_GOLDEN=1 cargo test illegal` writes what is said anew; read the diff.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::golden::{compare, root};

const DIRECTORY: &str = "tests/illegal";

#[test]
fn illegal_programs_do_not_compile() {
    let libraries = libraries();
    let files = fs::read_dir(root().join(DIRECTORY)).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    programs.sort();
    let wrong: Vec<String> = programs
        .iter()
        .filter_map(|program| compare(&program.with_extension("stderr"), &said(program, &libraries)))
        .collect();
    assert!(programs.len() > 9 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the programs use, as these tests do: the library, and the serde that it was built with. Another serde may lie beside it, built for
/// build scripts; with that one nothing can be read, so not even what is legal compiles.
fn libraries() -> [PathBuf; 2] {
    let ours = built("deploy_ops_mcp").pop().expect("the library is built");
    let legal = root().join(DIRECTORY).join("legal.rs");
    let mut complaints = String::new();
    for serde in built("serde").into_iter().rev() {
        let libraries = [ours.clone(), serde];
        complaints = said(&legal, &libraries);
        if complaints.is_empty() {
            return libraries;
        }
    }
    panic!("what is legal does not compile: {complaints}")
}

/// The libraries of that name beside these tests, the newest last.
fn built(name: &str) -> Vec<PathBuf> {
    let beside = std::env::current_exe().unwrap().with_file_name("");
    let files = fs::read_dir(beside).unwrap().map(|entry| entry.unwrap().path());
    let is_one = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_string_lossy();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rmeta")
    };
    let mut libraries: Vec<PathBuf> = files.filter(is_one).collect();
    libraries.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    libraries
}

/// What the compiler says of a program, one line for each of its sentences and the places that it points to.
fn said(program: &Path, [ours, serde]: &[PathBuf; 2]) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let mut rustc = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"));
    rustc.args(["--edition", "2024", "--emit", "metadata", "--cap-lints", "allow", "--error-format", "json"]);
    rustc.arg("-o").arg(scratch.path().join("program"));
    rustc.arg("-L").arg(format!("dependency={}", ours.parent().unwrap().display()));
    rustc.arg("--extern").arg(format!("deploy_ops_mcp={}", ours.display()));
    rustc.arg("--extern").arg(format!("serde={}", serde.display()));
    let output = rustc.arg(program.strip_prefix(root()).unwrap()).current_dir(root()).output().unwrap();
    let mut text = String::new();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        // The rest counts the errors.
        if message["$message_type"] == "diagnostic" && message["spans"] != Value::Array(Vec::new()) {
            tell(&message, "", &mut text);
        }
    }
    assert_eq!(output.status.success(), text.is_empty(), "{}: {text}", program.display());
    text
}

fn tell(message: &Value, indent: &str, text: &mut String) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let code = message["code"]["code"].as_str().map(|code| format!("[{code}]")).unwrap_or_default();
    writeln!(text, "{indent}{}{code}: {}", word(&message["level"]), word(&message["message"])).unwrap();
    for span in message["spans"].as_array().unwrap() {
        let file = word(&span["file_name"]);
        // Lines of the library move.
        let line = if file.starts_with(DIRECTORY) {
            format!(":{}:{}", span["line_start"], span["column_start"])
        } else {
            String::new()
        };
        let label = span["label"].as_str().map(|label| format!(" {label}")).unwrap_or_default();
        writeln!(text, "{indent}  {file}{line}{label}").unwrap();
    }
    for child in message["children"].as_array().unwrap() {
        tell(child, &format!("{indent}  "), text);
    }
}
