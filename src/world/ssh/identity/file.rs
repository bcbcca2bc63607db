//! A private key in a file that only its owner can read.

use std::{fs::File, io::Read, os::unix::fs::MetadataExt, path::Path};

use rustix::fs::{Mode, OFlags};

use super::refused;
use crate::{domain::name::HostName, redact::Secret, world::WorldError};

/// A larger file is no key, bytes.
const FILE_MAX: u64 = 64 * 1024;

/// The text of a key. As OpenSSH has it, a file of ours that others can read holds no key.
pub(super) fn read_key(doing: &str, host: &HostName, path: &Path) -> Result<Secret, WorldError> {
    let shown = path.display();
    let file = open(doing, path)?;
    let metadata = file.metadata().map_err(|error| WorldError::io(doing, error))?;
    if metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 != 0 {
        let problem = format!("the key {shown} can be read by other users (mode {:04o})", metadata.mode() & 0o7777);
        return Err(refused(doing, problem, format!("Run: chmod 600 {shown}")));
    }
    Ok(Secret::new(format!("SSH key of host {host}"), read_text(doing, path, file)?))
}

/// The text of a file that is no secret.
pub(super) fn read_public(doing: &str, path: &Path) -> Result<String, WorldError> {
    read_text(doing, path, open(doing, path)?)
}

fn open(doing: &str, path: &Path) -> Result<File, WorldError> {
    let shown = path.display();
    // A named pipe would block here for ever without NONBLOCK.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(|error| match error {
        rustix::io::Errno::NOENT => {
            refused(doing, format!("there is no file {shown}"), "Create it, or correct its path in deploy-ops.toml.")
        }
        _ => refused(
            doing,
            format!("the file {shown} cannot be opened"),
            "Let it belong to the server's user, with mode 0600.",
        ),
    })?;
    if opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(opened);
    }
    Err(refused(doing, format!("{shown} is not a regular file"), "Correct its path in deploy-ops.toml."))
}

fn read_text(doing: &str, path: &Path, file: File) -> Result<String, WorldError> {
    let mut text = String::new();
    let length = file.take(FILE_MAX + 1).read_to_string(&mut text);
    if length.is_ok_and(|length| (1..=FILE_MAX).contains(&u64::try_from(length).unwrap_or(u64::MAX))) {
        return Ok(text);
    }
    let problem = format!("the file {} is empty, larger than 64 KiB or not text", path.display());
    Err(refused(doing, problem, "Give the file that ssh-keygen wrote."))
}
