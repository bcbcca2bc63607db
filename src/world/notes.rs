//! Notes that an operation leaves for itself, for the time after a crash.

use std::{fs, os::unix::fs::DirBuilderExt};

use super::{Reader, World, WorldError, detached::write_durably};
use crate::{domain::operation::OperationId, policy::Permit};

impl World {
    /// Writes a note into the operation's directory; it is there whole or not at all, also after a power cut.
    pub fn write_note(&self, permit: &Permit, name: &str, text: &str) -> Result<(), WorldError> {
        let directory = self.paths.operation(permit.operation());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(|e| WorldError::io("make the operation's directory", e))?;
        write_durably(&directory.join(name), text.as_bytes())
    }
}

impl Reader<'_> {
    /// A note of an operation.
    pub fn note(&self, operation: &OperationId, name: &str) -> Option<String> {
        fs::read_to_string(self.world.paths.operation(operation).join(name)).ok()
    }
}
