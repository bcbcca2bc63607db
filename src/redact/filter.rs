//! The redactor between a reader and a writer.

use std::io::{ErrorKind, Read, Write};

use super::Redactor;

/// Bytes asked for with each read.
const READ: usize = 64 * 1024;

/// Copies `reader` to `writer`, redacted, until the end. Returns the number of bytes read.
///
/// # Errors
///
/// Those of the reader and the writer.
pub fn filter(mut reader: impl Read, mut writer: impl Write, redactor: &Redactor) -> std::io::Result<u64> {
    let mut stream = redactor.stream();
    let mut input = vec![0; READ];
    let mut output = Vec::with_capacity(2 * READ);
    let mut total = 0;
    loop {
        let length = match reader.read(&mut input) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total += length as u64;
        stream.push(input.get(..length).unwrap_or_default(), &mut output);
        writer.write_all(&output)?;
        output.clear();
    }
    stream.finish(&mut output);
    writer.write_all(&output)?;
    writer.flush()?;
    Ok(total)
}
