//! Keys and certificates for tests, made by OpenSSH itself.
#![allow(clippy::disallowed_methods, reason = "tests run OpenSSH's own programs")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use russh::keys::{Certificate, PublicKey};
use tempfile::TempDir;

/// A directory of keys.
pub(super) struct Keys(TempDir);

impl Keys {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs ssh-keygen in the directory, whatever comes of it.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        Command::new("ssh-keygen").args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// Runs ssh-keygen in the directory; it must do well.
    pub(super) fn keygen(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes a key and returns its public half.
    pub(super) fn key(&self, name: &str, kind: &str) -> PublicKey {
        self.keygen(&["-q", "-t", kind, "-N", "", "-C", "", "-f", name]);
        self.public(name)
    }

    pub(super) fn public(&self, name: &str) -> PublicKey {
        PublicKey::from_openssh(&self.text(&format!("{name}.pub"))).unwrap()
    }

    /// Certifies a key with further arguments and returns the certificate, which is `<name>-cert.pub`.
    pub(super) fn certify(&self, authority: &str, name: &str, arguments: &[&str]) -> Certificate {
        let mut all = vec!["-q", "-s", authority, "-I", "id"];
        all.extend(arguments);
        let public = format!("{name}.pub");
        all.push(&public);
        self.keygen(&all);
        Certificate::from_openssh(self.text(&format!("{name}-cert.pub")).trim()).unwrap()
    }

    /// A known_hosts line for a key of the directory.
    pub(super) fn line(&self, hosts: &str, name: &str) -> String {
        format!("{hosts} {}\n", self.text(&format!("{name}.pub")).trim())
    }

    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}
