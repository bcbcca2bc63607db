//! Whether a value may go on across an escape, judged by the few characters on either side.

use super::gaps::{LOOK, SIDE, dump_follows, is_suspicious};
use super::probe::{is_coded, is_listed};
use super::seeds::{GRAM, Seeds};
use super::squeeze::gap;
use super::unescape::{escape, starts_escape};

/// A few visible characters in a row, escapes decoded; at most [`SIDE`].
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Side {
    /// The characters, the last one in the highest of five bytes.
    bytes: u64,
    /// What is to be known of each, in the same order.
    marks: u64,
    length: usize,
    /// Marks for the next character.
    pending: u64,
}

/// Stands for an escape, or may start one.
const ESCAPED: u64 = 1;
/// May be something else after another round of decoding: starts an escape once more, or belongs to a control sequence or an invisible character.
const AGAIN: u64 = 2;

/// Entities are seldom longer.
const LONGEST: usize = 8;

const NEWEST: usize = 8 * (SIDE - 1);
const ALL: u64 = 0x01_0101_0101;

impl Side {
    /// Takes the literal text `from..to` along, or what of it is near `to`.
    pub(super) fn advance(&mut self, text: &[u8], from: usize, to: usize) {
        let near = to.saturating_sub(LOOK);
        if from < near {
            *self = Self::default();
        }
        for at in from.max(near)..to {
            self.literal(text.get(at..).unwrap_or_default());
        }
    }

    /// Takes along what an escape stands for.
    pub(super) fn decoded(&mut self, decoded: &[u8]) {
        if is_space(decoded) {
            self.pending |= ESCAPED;
            return;
        }
        for byte in decoded {
            let again = starts_escape(*byte) || is_invisible(*byte);
            self.push(*byte, ESCAPED | u64::from(again) * AGAIN);
        }
    }

    /// What follows `at`.
    fn after(text: &[u8], at: usize) -> Self {
        let mut side = Self::default();
        let mut next = at;
        while side.length < SIDE && next < at + LOOK {
            let rest = text.get(next..).unwrap_or_default();
            let Some(byte) = rest.first() else { break };
            if let length @ 1.. = gap(rest) {
                side.pending |= u64::from(*byte == 0x1B) * (ESCAPED | AGAIN);
                next += length;
            } else if starts_escape(*byte)
                && let Some(escape) = escape(rest)
            {
                let room = escape.decoded().len().min(SIDE - side.length);
                side.decoded(escape.decoded().get(..room).unwrap_or_default());
                next += escape.length;
            } else {
                side.literal(rest);
                next += 1;
            }
        }
        side
    }

    fn literal(&mut self, rest: &[u8]) {
        match rest.first() {
            Some(0x1B) => self.pending |= ESCAPED | AGAIN,
            Some(0..=b' ') | None => {}
            Some(byte) if starts_escape(*byte) => {
                // An escape that a gap cuts in two.
                let cut =
                    *byte != b'&' || rest.iter().take(LONGEST).any(|byte| matches!(byte, 0..=b' ' | b'\\' | 0x80..));
                self.push(*byte, ESCAPED | u64::from(cut) * AGAIN);
            }
            Some(byte) => self.push(*byte, u64::from(is_invisible(*byte)) * AGAIN),
        }
    }

    fn push(&mut self, byte: u8, marks: u64) {
        self.bytes = self.bytes >> 8 | u64::from(byte) << NEWEST;
        self.marks = self.marks >> 8 | (marks | self.pending) << NEWEST;
        self.length = (self.length + 1).min(SIDE);
        self.pending = 0;
    }

    fn has(&self, mark: u64) -> bool {
        self.marks & ALL * mark != 0 || self.pending & mark != 0
    }

    /// The characters, the first in the lowest byte.
    fn packed(&self) -> u128 {
        u128::from(self.bytes) >> (8 * (SIDE - self.length))
    }
}

/// Whether a needle may cross the escape that ends at `end` and stands for `decoded`.
///
/// With another escape close by, all are decoded. What a second round of decoding may turn into something else again is suspicious without more ado, and so
/// is what reads like a list of numbers or has no character unescaped.
pub(super) fn crosses(seeds: &Seeds, text: &[u8], (at, end): (usize, usize), before: &Side, decoded: &[u8]) -> bool {
    let plainly = || {
        is_suspicious(seeds, text, at, end, decoded) || is_space(decoded) && is_suspicious(seeds, text, at, end, &[])
    };
    let after = Side::after(text, end);
    if !before.has(ESCAPED) && !after.has(ESCAPED) {
        return plainly();
    }
    let again = |byte: &u8| starts_escape(*byte) || is_invisible(*byte);
    if before.has(AGAIN) || after.has(AGAIN) || decoded.iter().any(again) || dump_follows(text, end, decoded) {
        return true;
    }
    let joined = join(before, decoded, &after);
    is_list(&joined)
        || joined.hold(seeds)
        || is_space(decoded) && join(before, &[], &after).hold(seeds)
        || before.marks & after.marks & ALL == ALL && joined.bytes().all(is_coded)
}

/// Characters in a row, the first in the lowest byte.
struct Joined {
    bytes: u128,
    length: usize,
}

fn join(before: &Side, decoded: &[u8], after: &Side) -> Joined {
    let mut joined = Joined { bytes: before.packed(), length: before.length };
    for byte in decoded {
        joined.bytes |= u128::from(*byte) << (8 * joined.length);
        joined.length += 1;
    }
    joined.bytes |= after.packed() << (8 * joined.length);
    joined.length += after.length;
    joined
}

impl Joined {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.bytes.to_le_bytes().into_iter().take(self.length)
    }

    fn hold(&self, seeds: &Seeds) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the low eight bytes are meant")]
        (0..(self.length + 1).saturating_sub(GRAM)).any(|at| seeds.holds((self.bytes >> (8 * at)) as u64))
    }
}

fn is_list(joined: &Joined) -> bool {
    joined.bytes().all(is_listed) && joined.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_space(decoded: &[u8]) -> bool {
    !decoded.is_empty() && decoded.iter().all(|byte| *byte <= b' ')
}

/// What control sequences, UTF-16 and invisible characters begin with. Not the control characters that `\a` to `\r` stand for.
fn is_invisible(byte: u8) -> bool {
    matches!(byte, 0..=6 | 14..=31 | 0x7F | 0xC2 | 0xE2 | 0xEF)
}
