//! Keys and certificates, made by OpenSSH's own program.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// An algorithm of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Ed25519,
    Ecdsa,
    Rsa,
}

impl KeyType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Ecdsa => "ecdsa",
            Self::Rsa => "rsa",
        }
    }
}

/// Makes a key at `path`, and its public half beside it. What was there is replaced.
pub(crate) fn make_key(path: &Path, kind: KeyType) -> PathBuf {
    let _ = std::fs::remove_file(path);
    keygen(&["-q", "-t", kind.name(), "-N", "", "-C", "fixture", "-f", text(path)]);
    path.to_owned()
}

/// The public half of a key, as `algorithm base64`.
pub(crate) fn public_key(path: &Path) -> String {
    let line = std::fs::read_to_string(public_file(path)).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// The fingerprint of a key, as `SHA256:…`.
pub(crate) fn fingerprint(path: &Path) -> String {
    let told = keygen(&["-l", "-E", "sha256", "-f", text(&public_file(path))]);
    told.split(' ').nth(1).unwrap().to_owned()
}

/// Signs a host's key for these names; the certificate lies beside the key.
pub(crate) fn certify_host(authority: &Path, key: &Path, names: &str) -> PathBuf {
    certify(authority, key, &["-h", "-n", names])
}

/// Signs a user's key for a login; the certificate lies beside the key.
pub(crate) fn certify_user(authority: &Path, key: &Path, user: &str) -> PathBuf {
    certify(authority, key, &["-n", user])
}

fn certify(authority: &Path, key: &Path, what: &[&str]) -> PathBuf {
    keygen(
        &[&["-q", "-s", text(authority), "-I", "fixture", "-V", "-1h:+1d"], what, &[text(&public_file(key))]].concat(),
    );
    key.with_file_name(format!("{}-cert.pub", key.file_name().unwrap().display()))
}

fn public_file(key: &Path) -> PathBuf {
    key.with_file_name(format!("{}.pub", key.file_name().unwrap().display()))
}

fn keygen(arguments: &[&str]) -> String {
    let output = Command::new("ssh-keygen").args(arguments).output().unwrap();
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
