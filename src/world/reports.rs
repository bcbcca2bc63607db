//! Reports, and the file that stops everything.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Reader, World, WorldError, blocking::blocking, tree};
use crate::{domain::refusal::Code, policy::Permit, redact::Redacted};

impl World {
    /// Writes a report whole or not at all; one of the same name is replaced. Only redacted text can be written.
    pub async fn write_report(
        &self,
        permit: &Permit,
        name: &str,
        text: &Redacted<String>,
    ) -> Result<PathBuf, WorldError> {
        let _ = permit;
        let (directory, name, text) = (self.paths.reports.clone(), plain(name)?, text.to_string());
        blocking(move || {
            let failed = |error| WorldError::io("write the report", error);
            fs::create_dir_all(&directory).map_err(failed)?;
            let partial = directory.join(format!(".{name}.partial"));
            fs::write(&partial, text).map_err(failed)?;
            let path = directory.join(name);
            fs::rename(&partial, &path).map_err(failed)?;
            tree::sync_directory(&directory)?;
            Ok(path)
        })
        .await
    }
}

impl Reader<'_> {
    /// The text of a report.
    pub async fn report(&self, name: &str) -> Result<String, WorldError> {
        let path = self.world.paths.reports.join(plain(name)?);
        blocking(move || fs::read_to_string(path).map_err(|error| WorldError::io("read the report", error))).await
    }

    /// Whether the operator has put a `HALT` file into the data directory.
    pub fn halt_file_exists(&self) -> bool {
        // A file that cannot be looked at counts as being there: when in doubt, nothing changes.
        self.world.paths.halt_file().try_exists().unwrap_or(true)
    }
}

/// One plain file name.
fn plain(name: &str) -> Result<String, WorldError> {
    if Path::new(name).file_name().is_some_and(|file| file == name) && !name.starts_with('.') {
        return Ok(name.to_owned());
    }
    Err(WorldError::new(
        Code::PathRefused,
        "name a report",
        "the name is not a plain file name",
        "Report this as a defect of the server.",
    ))
}
