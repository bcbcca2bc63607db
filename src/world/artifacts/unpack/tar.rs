//! Tar archives.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::{Bounds, Growing, WorldError, damaged, failed, refused, shown, too_large};

/// How the archive is compressed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packed {
    Not,
    Gzip,
    Zstd,
}

/// What an entry takes in the archive beside its content, generously.
const PER_ENTRY: u64 = 8 * 1024;

pub(super) fn unpack(archive: &Path, packed: Packed, growing: &mut Growing<'_>) -> Result<(), WorldError> {
    let file = BufReader::new(File::open(archive).map_err(failed)?);
    let plain: Box<dyn Read> = match packed {
        Packed::Not => Box::new(file),
        Packed::Gzip => Box::new(MultiGzDecoder::new(file)),
        Packed::Zstd => Box::new(zstd::Decoder::with_buffer(file).map_err(failed)?),
    };
    let Bounds { bytes, entries } = growing.left;
    let room = u64::try_from(entries).unwrap_or(u64::MAX).saturating_mul(PER_ENTRY).saturating_add(bytes);
    let mut plain = plain.take(room);
    let mut any = false;
    {
        let mut archive = Archive::new(&mut plain);
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            any = true;
            let name = entry.path_bytes().into_owned();
            match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    let executable = entry.header().mode().map_err(damaged)? & 0o100 != 0;
                    growing.file(&name, executable, &mut entry)?;
                }
                EntryType::Directory => growing.directory(&name)?,
                EntryType::Symlink => {
                    let target = entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
                    growing.link(&name, &target)?;
                }
                // What `git archive` writes about the whole.
                EntryType::XGlobalHeader => {}
                _ => return Err(refused(format!("an entry is neither file, directory nor link: {}", shown(&name)))),
            }
        }
    }
    if plain.limit() == 0 {
        return Err(too_large());
    }
    if !any {
        return Err(refused("nothing is in it"));
    }
    Ok(())
}
