//! PNGs without what is written beside the picture: texts, times, and whatever a program puts there.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The chunks without which there is no picture, and the transparency of its colours.
const KEPT: [&[u8]; 5] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"];
/// Length, type and checksum of a chunk, bytes.
const AROUND: usize = 12;

/// The picture alone; `None` when it is no PNG.
pub(super) fn bare(png: &[u8]) -> Option<Vec<u8>> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    let mut picture = SIGNATURE.to_vec();
    let mut first = true;
    loop {
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        let (chunk, after) = rest.split_at_checked(length.checked_add(AROUND)?)?;
        let kind = chunk.get(4..8)?;
        if first != (kind == b"IHDR") {
            return None;
        }
        if KEPT.contains(&kind) {
            picture.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            // What stands behind the end is nobody's picture.
            return Some(picture);
        }
        (rest, first) = (after, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind, data, b"crc4"].concat()
    }

    #[test]
    fn only_the_picture_is_kept() {
        let (head, data, end) = (chunk(b"IHDR", b"13 bytes of it"), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b""));
        let clean = [SIGNATURE, &head, &data, &end].concat();
        let text = chunk(b"tEXt", b"Comment\0the canary");
        let dirty = [SIGNATURE, &head, &text, &data, &end, b"the canary again"].concat();
        assert_eq!(bare(&dirty), Some(clean.clone()));
        assert_eq!(bare(&clean), Some(clean.clone()));
        for cut in 0..clean.len() {
            assert_eq!(bare(clean.get(..cut).unwrap()), None, "{cut}");
        }
        let huge = [SIGNATURE, &[0xff; 40]].concat();
        assert_eq!(bare(&huge), None);
        assert_eq!(bare(&[SIGNATURE, &data, &end].concat()), None);
    }
}
