//! From a reference to the secret.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::{defaults, environment};
use crate::domain::inventory::SecretReference;

/// Why a secret could not be read. Never holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// The variable is not set.
    #[error("the environment variable {variable} is not set; set it where the server is started")]
    NotSet {
        /// The variable.
        variable: String,
    },
    /// The server was not started by systemd with credentials.
    #[error("there are no systemd credentials; start the server from a unit with LoadCredential=")]
    NoCredentials,
    /// There is no such file.
    #[error("there is no file {}; create it with mode 0600", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file exists but could not be read.
    #[error("the file {} cannot be read; it must be a regular file that belongs to the server's user", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error("the file {} can be read by other users; run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The secret is too long.
    #[error("the secret is longer than 64 KiB; refer to the secret alone")]
    TooLong,
    /// The secret is not UTF-8.
    #[error("the secret is not UTF-8 text; encode it, for example as base64")]
    NotText,
    /// The secret is empty.
    #[error("the secret is empty; write its value into the source that the reference names")]
    Empty,
    /// The secret is the output of a program; child processes are run elsewhere.
    #[error("the secret is the output of a program that was not run")]
    NeedsCommand(
        /// The program and its arguments.
        Vec<String>,
    ),
}

/// The secret that a reference names. Reads files and variables; never runs a program.
///
/// One line end at the end is not part of the secret.
pub fn read(reference: &SecretReference) -> Result<String, SecretProblem> {
    match reference {
        SecretReference::Environment { variable } => environment::variable(variable)
            .map(environment::Variable::into_text)
            .ok_or_else(|| SecretProblem::NotSet { variable: variable.clone() })
            .and_then(finished),
        SecretReference::File { path } => file(path, Exposure::Refused),
        SecretReference::Credential { name } => {
            let directory = environment::variable("CREDENTIALS_DIRECTORY").ok_or(SecretProblem::NoCredentials)?;
            // systemd guards the directory by its own mode and mount; the files in it need no check of ours.
            file(&Path::new(&directory.into_text()).join(name), Exposure::GuardedByDirectory)
        }
        SecretReference::Command { command } => Err(SecretProblem::NeedsCommand(command.clone())),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Exposure {
    Refused,
    GuardedByDirectory,
}

fn file(path: &Path, exposure: Exposure) -> Result<String, SecretProblem> {
    let unreadable = || SecretProblem::Unreadable { path: path.to_path_buf() };
    // A named pipe would block here for ever without NONBLOCK.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::NOENT => SecretProblem::Missing { path: path.to_path_buf() },
        _ => unreadable(),
    })?;
    let opened = File::from(opened);
    let metadata = opened.metadata().map_err(|_| unreadable())?;
    if !metadata.is_file() {
        return Err(unreadable());
    }
    if exposure == Exposure::Refused && metadata.mode() & 0o007 != 0 {
        return Err(SecretProblem::Exposed { path: path.to_path_buf() });
    }
    let mut bytes = Vec::new();
    opened.take(defaults::SECRET_MAX + 1).read_to_end(&mut bytes).map_err(|_| unreadable())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > defaults::SECRET_MAX {
        return Err(SecretProblem::TooLong);
    }
    finished(String::from_utf8(bytes).map_err(|_| SecretProblem::NotText)?)
}

fn finished(mut text: String) -> Result<String, SecretProblem> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > defaults::SECRET_MAX {
        return Err(SecretProblem::TooLong);
    }
    if text.is_empty() { Err(SecretProblem::Empty) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn read_file(content: &[u8], mode: u32) -> Result<String, SecretProblem> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        read(&SecretReference::File { path })
    }

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        assert_eq!(read_file(b"hunter2\n", 0o600), Ok("hunter2".to_owned()));
        assert_eq!(read_file(b"hunter2\r\n", 0o600), Ok("hunter2".to_owned()));
        assert_eq!(read_file(b"a\nb\n\n", 0o400), Ok("a\nb\n".to_owned()));
    }

    #[test]
    fn what_is_not_a_secret_file_is_refused() {
        assert_eq!(read_file(b"\n", 0o600), Err(SecretProblem::Empty));
        assert_eq!(read_file(b"\xff\xfe", 0o600), Err(SecretProblem::NotText));
        assert_eq!(read_file(&vec![b'x'; 64 * 1024], 0o600).map(|text| text.len()), Ok(64 * 1024));
        assert_eq!(read_file(&vec![b'x'; 64 * 1024 + 1], 0o600), Err(SecretProblem::TooLong));
        assert!(matches!(read_file(b"hunter2", 0o604), Err(SecretProblem::Exposed { .. })));
        let directory = tempfile::tempdir().unwrap();
        let missing = SecretReference::File { path: directory.path().join("no") };
        assert!(matches!(read(&missing), Err(SecretProblem::Missing { .. })));
        let not_a_file = SecretReference::File { path: directory.path().to_path_buf() };
        assert!(matches!(read(&not_a_file), Err(SecretProblem::Unreadable { .. })));
        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        assert!(matches!(read(&SecretReference::File { path: pipe }), Err(SecretProblem::Unreadable { .. })));
    }

    #[test]
    fn variables_are_read_and_programs_are_not_run() {
        let set = SecretReference::Environment { variable: "CARGO_PKG_NAME".to_owned() };
        assert_eq!(read(&set), Ok("deploy-ops-mcp".to_owned()));
        let unset = SecretReference::Environment { variable: "DEPLOY_OPS_TEST_NOT_SET".to_owned() };
        assert!(matches!(read(&unset), Err(SecretProblem::NotSet { .. })));
        let command = vec!["pass".to_owned(), "show".to_owned()];
        let reference = SecretReference::Command { command: command.clone() };
        assert_eq!(read(&reference), Err(SecretProblem::NeedsCommand(command)));
    }
}
