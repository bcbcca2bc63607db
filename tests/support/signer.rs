//! SSH keys that sign.

use std::{path::Path, process::Command};

/// A new key; its public half.
pub(crate) fn key(path: &Path) -> String {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path).status();
    assert!(made.unwrap().success());
    std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}

/// The fingerprint of a key, as ssh-keygen shows it.
pub(crate) fn fingerprint(path: &Path) -> String {
    let shown = Command::new("ssh-keygen").arg("-lf").arg(path).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    shown.split(' ').nth(1).unwrap().to_owned()
}
