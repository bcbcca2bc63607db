//! The forms in which an atom stands as one unbroken string. Everything with separators or escapes is found by decoding the text instead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::atoms::Atom;

/// A string to find, wholly or, where `piece` allows, in part.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Box<[u8]>,
    /// Index of the secret it belongs to.
    pub secret: u32,
    /// The shortest part that is reported: 12 bytes of the secret in this form, or the whole length.
    pub piece: usize,
    /// The secret's own letters, so parts of it may be words.
    pub legible: bool,
    pub fold: bool,
}

/// Fragments of this many bytes of a secret are masked.
pub(super) const FRAGMENT: usize = 12;

pub(super) fn needles(atom: &Atom, secret: u32, out: &mut Vec<Needle>) {
    let mut legible = |text: Vec<u8>| push(out, text, secret, piece(atom, FRAGMENT), true, atom.fold);
    let bytes = &atom.bytes;
    let mut reversed = bytes.clone();
    reversed.reverse();
    legible(reversed);
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.is_ascii()
    {
        legible(text.chars().rev().collect::<String>().into_bytes());
    }
    for (from, to) in DOUBLINGS {
        if bytes.contains(from) {
            legible(replaced(bytes, *from, to));
        }
    }
    let unspaced: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if unspaced.len() < bytes.len() && unspaced.len() >= super::super::strength::SHORTEST {
        legible(unspaced);
    }
    legible(bytes.clone());

    let mut coded =
        |text: Vec<u8>, length: usize, fold: bool| push(out, text, secret, piece(atom, length), false, fold);
    coded(hex(bytes), 2 * FRAGMENT, true);
    for core in base64_cores(bytes) {
        if core.iter().any(|byte| matches!(byte, b'+' | b'/')) {
            coded(url_safe(&core), BASE64_PIECE, atom.fold);
        }
        coded(core, BASE64_PIECE, atom.fold);
    }
    for core in base32_cores(bytes) {
        coded(core, BASE32_PIECE, true);
    }
    if bytes.len() <= 512 {
        for core in base64_cores(STANDARD.encode(bytes).as_bytes()) {
            coded(core, 2 * BASE64_PIECE, atom.fold);
        }
    }
}

/// Characters that are fixed by 12 bytes at any alignment: the outer ones share bits with their neighbours.
const BASE64_PIECE: usize = 15;
const BASE32_PIECE: usize = 17;

/// Quoting by repetition: SQL and YAML, POSIX shell in its two ways, compose files, CSV, printf and systemd, forms.
const DOUBLINGS: &[(u8, &[u8])] = &[
    (b'\'', b"''"),
    (b'\'', b"'\\''"),
    (b'\'', b"'\"'\"'"),
    (b'$', b"$$"),
    (b'"', b"\"\""),
    (b'%', b"%%"),
    (b' ', b"+"),
    (b'`', b"``"),
    (b'{', b"{{"),
];

fn push(out: &mut Vec<Needle>, text: Vec<u8>, secret: u32, piece: usize, legible: bool, fold: bool) {
    if text.len() >= super::super::strength::SHORTEST {
        out.push(Needle { piece: piece.min(text.len()), text: text.into(), secret, legible, fold });
    }
}

fn piece(atom: &Atom, length: usize) -> usize {
    if atom.fragments { length } else { usize::MAX }
}

fn replaced(bytes: &[u8], from: u8, to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + to.len());
    for &byte in bytes {
        if byte == from { out.extend_from_slice(to) } else { out.push(byte) }
    }
    out
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn url_safe(core: &[u8]) -> Vec<u8> {
    core.iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect()
}

/// The characters of the base64 text that depend on the value alone, for each of the three places it can start at.
fn base64_cores(bytes: &[u8]) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|shift| {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&padded);
        let first = (shift * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        encoded.as_bytes().get(first..last).unwrap_or_default().to_vec()
    })
}

/// As [`base64_cores`], for the five places in base32 (RFC 4648).
fn base32_cores(bytes: &[u8]) -> [Vec<u8>; 5] {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    [0, 1, 2, 3, 4].map(|shift: usize| {
        let mut out = Vec::new();
        // Bits of the value that the character shared with the bytes before it takes.
        let taken = (5 - shift * 8 % 5) % 5;
        let mut held: u32 = 0;
        let mut bits = 0;
        let mut skip = taken;
        for &byte in bytes {
            held = held << 8 | u32::from(byte);
            bits += 8;
            if skip > 0 {
                bits -= skip;
                skip = 0;
            }
            while bits >= 5 {
                bits -= 5;
                let value = held >> bits & 31;
                out.push(ALPHABET.get(value as usize).copied().unwrap_or(b'a'));
            }
            held &= (1 << bits) - 1;
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_what_every_neighbourhood_shares() {
        let secret = b"kV9$wq-27LmZx!";
        for shift in 0..3 {
            for (before, after) in [(b'\0', &b""[..]), (b'a', b"zz"), (0xFF, b"\xFF")] {
                let mut text = vec![before; shift];
                text.extend_from_slice(secret);
                text.extend_from_slice(after);
                let encoded = STANDARD.encode(&text);
                let core = String::from_utf8(base64_cores(secret)[shift].clone()).unwrap();
                assert!(encoded.contains(&core), "{encoded} {core}");
            }
        }
    }

    #[test]
    fn base32_of_a_known_vector() {
        // RFC 4648 §10: BASE32("foobar") = "MZXW6YTBOI======"
        assert_eq!(base32_cores(b"foobar")[0], b"mzxw6ytbo");
        // BASE32("xfoobar") = "PBTG633CMFZA====": the first character that "foobar" fixes is the third.
        assert_eq!(base32_cores(b"foobar")[1], b"tg633cmfz");
    }
}
