//! The checksums that migration tools keep of what they applied.

use std::fmt::Write as _;

use sha2::{Digest, Sha256, Sha384};

/// Prisma's: SHA-256 of the file.
pub(super) fn prisma(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// sqlx': SHA-384 of the file.
pub(super) fn sqlx(bytes: &[u8]) -> String {
    hex(&Sha384::digest(bytes))
}

/// Flyway's: CRC-32 over the lines without their ends and without a byte order mark, as a signed number.
pub(super) fn flyway(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.lines().flat_map(str::bytes);
    let crc = bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    (!crc).cast_signed().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // The check value of CRC-32: https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iso-hdlc
        assert_eq!(flyway("123456789"), 0xcbf4_3926_u32.cast_signed().to_string());
        assert_eq!(flyway("\u{feff}1234\r\n56789\n"), flyway("123456789"), "line ends do not count");
        assert!(prisma(b"abc").starts_with("ba7816bf8f01cfea"));
        assert!(sqlx(b"abc").starts_with("cb00753f45a35e8b"));
    }
}
