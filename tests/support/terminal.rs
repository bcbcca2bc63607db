//! A human at a pseudo terminal.

use std::{path::Path, process::Command};

/// Runs the program on a pseudo terminal. Each pair is a text that has to come, and what is typed then. Returns the exit code and all
/// that was shown.
pub(crate) fn talk(directory: &Path, arguments: &[&str], talk: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/at_terminal.py"))
        .arg(serde_json::to_string(talk).unwrap())
        .arg(env!("CARGO_BIN_EXE_deploy-ops"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("DEPLOY_OPS_CONFIG")
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}
