//! Telling generated strings from names and words, without a fixed entropy floor: adjacent
//! characters of words follow each other the way languages let them, those of tokens do not.

use super::bytes::at;

/// How a string of token characters is made up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Makeup {
    pub upper: usize,
    pub lower: usize,
    pub digit: usize,
    /// Bytes that are not alphanumeric.
    pub other: usize,
    /// Letters beyond `f`: without any the string may be hexadecimal.
    pub beyond_hex: usize,
    /// Share of adjacent pairs that no word would contain, 0 to 1.
    pub oddness: f32,
}

impl Makeup {
    /// Number of letters and digits.
    pub(super) fn alnum(&self) -> usize {
        self.upper + self.lower + self.digit
    }

    /// Number of classes among upper case, lower case and digits.
    pub(super) fn classes(&self) -> usize {
        usize::from(self.upper > 0) + usize::from(self.lower > 0) + usize::from(self.digit > 0)
    }

    /// True for hexadecimal digits of one case only.
    pub(super) fn is_hex(&self) -> bool {
        self.beyond_hex == 0 && self.other == 0 && (self.upper == 0 || self.lower == 0)
    }
}

/// Weighs `token`.
#[expect(clippy::cast_precision_loss, reason = "a share of short lengths")]
pub(super) fn makeup(token: &[u8]) -> Makeup {
    let mut made = Makeup::default();
    let mut odd = 0.0_f32;
    let mut pairs = 0usize;
    let mut previous = 0u8;
    for &b in token {
        match b {
            b'A'..=b'Z' => made.upper += 1,
            b'a'..=b'z' => made.lower += 1,
            b'0'..=b'9' => made.digit += 1,
            _ => {
                made.other += 1;
                continue;
            }
        }
        if b.is_ascii_alphabetic() && b.to_ascii_lowercase() > b'f' {
            made.beyond_hex += 1;
        }
        if previous != 0 {
            pairs += 1;
            odd += pair_oddness(previous, b);
        }
        previous = b;
    }
    made.oddness = if pairs == 0 { 0.0 } else { odd / pairs as f32 };
    made
}

/// True for a generated token of at least `least` characters: mixed classes and unlike words.
pub(super) fn is_random(token: &[u8], least: usize) -> bool {
    if token.len() < least {
        return false;
    }
    let made = makeup(token);
    if made.alnum() < least.min(token.len() * 3 / 4) {
        return false;
    }
    match made.classes() {
        3 => made.oddness >= 0.34,
        2 if made.digit > 1 => {
            made.oddness >= 0.36 || (made.is_hex() && made.digit * 8 >= made.alnum() && made.digit < made.alnum())
        }
        2 => made.oddness >= 0.42,
        _ => made.digit == 0 && made.alnum() >= 12 && made.oddness >= 0.42,
    }
}

fn pair_oddness(a: u8, b: u8) -> f32 {
    match (a.is_ascii_digit(), b.is_ascii_digit()) {
        (true, true) => 0.15,
        (true, false) | (false, true) => 0.65,
        (false, false) if a.is_ascii_lowercase() && b.is_ascii_uppercase() => 0.35,
        (false, false) if is_common(a, b) => 0.0,
        (false, false) => 1.0,
    }
}

fn is_common(a: u8, b: u8) -> bool {
    let row = usize::from(a.to_ascii_lowercase().wrapping_sub(b'a'));
    let column = u32::from(b.to_ascii_lowercase().wrapping_sub(b'a'));
    FOLLOWERS.get(row).is_some_and(|bits| bits.checked_shr(column).is_some_and(|b| b & 1 == 1))
}

/// For each letter the letters that commonly follow it in words and identifiers (97 % of the
/// pairs in the English of manuals and source code).
static FOLLOWERS: [u32; 26] = followers();

const fn followers() -> [u32; 26] {
    const ROWS: [&[u8]; 26] = [
        b"bcdfgiklmnprstuvwy",
        b"aeilorsuy",
        b"acefhiklorstu",
        b"adegilorsuy",
        b"abcdefgilmnpqrstvwxy",
        b"aefilorstu",
        b"aehilnorsu",
        b"aeimortu",
        b"abcdefgklmnoprstvxz",
        b"aeou",
        b"aeis",
        b"adefilostuy",
        b"abeilmopsu",
        b"acdefgiklnostuvy",
        b"abcdefgiklmnoprstuvw",
        b"aehiloprstuy",
        b"u",
        b"acdefgiklmnoprstuvwy",
        b"acehiklmoprstuy",
        b"acdefhilmoprstuwyz",
        b"abcdefgilmnprst",
        b"aeio",
        b"aehinorsw",
        b"aceipt",
        b"noprst",
        b"aeiu",
    ];
    let mut table = [0u32; 26];
    let mut row = 0;
    while row < 26 {
        let mut i = 0;
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        while i < ROWS[row].len() {
            table[row] |= 1 << (ROWS[row][i] - b'a');
            i += 1;
        }
        row += 1;
    }
    table
}

/// True for the 8-4-4-4-12 form.
pub(super) fn is_uuid(token: &[u8]) -> bool {
    token.len() == 36
        && (0..36).all(|i| match i {
            8 | 13 | 18 | 23 => at(token, i) == b'-',
            _ => at(token, i).is_ascii_hexdigit(),
        })
}
