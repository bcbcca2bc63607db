//! The audit of a target on this machine.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Audit, Entry, Kind, Tally};
use crate::{domain::inventory::Target, world::WorldError};

/// How many entries are looked at.
const ENTRIES: u64 = 200_000;

/// Looks at everything on the root's own file system. What cannot be read is passed over and said.
pub(super) fn audit(target: &Target) -> Result<Audit, WorldError> {
    let failed = |error| WorldError::io("look at the permissions of a target", error);
    let root = fs::metadata(&target.root).map_err(failed)?;
    let mut tally = Tally::new(target, Some(root.uid()));
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(target.root.join(&directory)) else {
            tally.audit.partly = true;
            continue;
        };
        for entry in entries.flatten() {
            let path = directory.join(entry.file_name());
            // What vanishes while we look was not there.
            let Ok(found) = entry.metadata() else { continue };
            if tally.audit.entries == ENTRIES {
                tally.audit.partly = true;
                return Ok(tally.finish());
            }
            tally.audit.entries += 1;
            tally.take(&as_entry(&path, &found));
            if found.is_dir() && found.dev() == root.dev() {
                open.push(path);
            }
        }
    }
    Ok(tally.finish())
}

fn as_entry(path: &Path, found: &fs::Metadata) -> Entry {
    Entry {
        path: path.to_string_lossy().into_owned(),
        kind: Kind::of(found.mode()),
        mode: found.mode() & 0o7777,
        owner: Some(found.uid()),
    }
}
