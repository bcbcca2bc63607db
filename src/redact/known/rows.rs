//! Whether a list of numbers can hold a value, before anything of it is decoded.

use super::encode::{FRAGMENT, Needle};
use super::unescape::hex;

/// Fewer bytes than the shortest secret are not worth a look.
pub(super) const FEWEST: usize = super::super::strength::SHORTEST;

/// What bytes must be like to hold a needle, or a piece of one that is reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Least {
    /// How many in a row, at least.
    pub bytes: usize,
    /// No needle has a byte beyond ASCII, or a control character other than white space.
    pub ascii: bool,
}

impl Least {
    pub(super) fn of(needles: &[Needle]) -> Self {
        // Those in another form are longer, and letters and digits alone.
        let all = |allowed: fn(u8) -> bool| {
            needles.iter().filter(|needle| needle.legible).all(|needle| needle.text.iter().all(|byte| allowed(*byte)))
        };
        let fragments = needles.iter().all(|needle| !needle.legible || needle.piece >= FRAGMENT) && all(is_text);
        Self { bytes: if fragments { FRAGMENT } else { FEWEST }, ascii: all(is_ascii_text) }
    }

    fn allows(self, byte: u8) -> bool {
        if self.ascii { is_ascii_text(byte) } else { is_text(byte) }
    }
}

fn is_text(byte: u8) -> bool {
    is_space(byte) || byte >= b' '
}

fn is_ascii_text(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b' '..=b'~')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The longest rows of bytes in a list, read as hex or as other numbers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Of bytes that are no control characters, or white space. Short in dates and addresses.
    pub of_any: usize,
    /// Of bytes that needles consist of. Short in digests, too.
    pub of_needles: usize,
}

pub(super) fn longest_rows(list: &[u8], least: Least) -> Rows {
    let (mut any, mut needles, mut other) = (0, 0, 0);
    let mut longest = Rows::default();
    for token in list.split(|byte| !is_numeral(*byte)).filter(|token| !token.is_empty()) {
        let digits = digits_of(token);
        let (pairs, rest) = digits.as_chunks::<2>();
        let byte = |[high, low]: &[u8; 2]| hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
        if token.len() > 18 {
            // A digest, but for what it begins with.
            needles += pairs.iter().take_while(|pair| byte(pair).is_some_and(|byte| least.allows(byte))).count();
            longest.of_needles = longest.of_needles.max(needles);
            longest.of_any = longest.of_any.max(needles);
            (any, needles, other) = (0, 0, 0);
            continue;
        }
        if rest.is_empty() && digits.len() <= 16 {
            for byte in pairs.iter().map(byte) {
                any = if byte.is_some_and(is_text) { any + 1 } else { 0 };
                needles = if byte.is_some_and(|byte| least.allows(byte)) { needles + 1 } else { 0 };
                longest.of_any = longest.of_any.max(any);
                longest.of_needles = longest.of_needles.max(needles);
            }
        } else if let [b'0', b'x' | b'X', digit] = token
            && hex(*digit).is_some_and(is_space)
        {
            // `0x9` and `0xA`.
            (any, needles) = (any + 1, needles + 1);
        } else {
            (any, needles) = (0, 0);
        }
        other = match digits {
            // The last is octal, from 0o300 on.
            [b'0'..=b'9', b'0'..=b'9'] | [b'0'..=b'2', b'0'..=b'9', b'0'..=b'9'] | [b'3', b'0'..=b'7', b'0'..=b'7'] => {
                other + 1
            }
            // A word of `od`, two bytes.
            [_, _, _, _, _, _] if digits.iter().all(|digit| matches!(digit, b'0'..=b'7')) => other + 2,
            // Octal as C writes it, and a tab.
            [b'0', b'0'..=b'3', b'0'..=b'7', b'0'..=b'7'] | [b'9'] => other + 1,
            _ => 0,
        };
        longest.of_any = longest.of_any.max(other);
        longest.of_needles = longest.of_needles.max(other);
        if longest.of_needles >= least.bytes {
            break;
        }
    }
    longest
}

/// Without `0x` or `x`.
fn digits_of(token: &[u8]) -> &[u8] {
    match token {
        [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..] => digits,
        digits => digits,
    }
}

pub(super) fn is_numeral(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X')
}
