//! Zip archives. Their directory is read entry by entry, so that a long one takes no memory.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use zip::{ZipReadOptions, read::Config, unstable::read::ZipIterable};

use super::{Growing, WorldError, damaged, failed, refused, shown, too_large};

/// The bits of a mode that say what an entry is (stat(2)).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

pub(super) fn unpack(archive: &Path, growing: &mut Growing<'_>) -> Result<(), WorldError> {
    let open = || File::open(archive).map(BufReader::new).map_err(failed);
    let mut directory = ZipIterable::try_new(open()?, Config::default()).map_err(damaged)?;
    if directory.len() > growing.left.entries {
        return Err(too_large());
    }
    let mut entries = directory.files_with_reader(open()?, ZipReadOptions::new()).map_err(damaged)?;
    while let Some(entry) = entries.next() {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.encrypted() {
            return Err(refused("an entry is encrypted"));
        }
        let mode = entry.unix_mode().unwrap_or_default();
        match mode & KIND {
            _ if entry.is_dir() => growing.directory(name.as_bytes())?,
            DIRECTORY => growing.directory(name.as_bytes())?,
            0 | REGULAR => growing.file(name.as_bytes(), mode & 0o100 != 0, &mut entry)?,
            LINK => {
                let mut target = Vec::new();
                (&mut entry).take(4096).read_to_end(&mut target).map_err(damaged)?;
                growing.link(name.as_bytes(), &target)?;
            }
            _ => {
                return Err(refused(format!(
                    "an entry is neither file, directory nor link: {}",
                    shown(name.as_bytes())
                )));
            }
        }
    }
    Ok(())
}
