//! An archive of files that belong together: what a client installs at once.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// One file of a bundle.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Where it stands in the bundle, with `/` between directories.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it can be executed.
    pub runs: bool,
}

/// Writes a bundle, whole or not at all; the same entries give the same bytes. A file of that name is replaced.
pub fn write(to: &Path, entries: &[Entry<'_>]) -> io::Result<()> {
    let partial = to.with_extension("partial");
    let mut bundle = ZipWriter::new(File::create(&partial)?);
    for entry in entries {
        let mode = if entry.runs { 0o755 } else { 0o644 };
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(mode);
        bundle.start_file(entry.name, options).map_err(io::Error::other)?;
        bundle.write_all(entry.bytes)?;
    }
    bundle.finish().map_err(io::Error::other)?.sync_all()?;
    fs::rename(&partial, to)
}
