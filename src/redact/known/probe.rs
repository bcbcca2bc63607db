//! One cheap pass that notices stretches of digits and separators, and of letters and digits without a blank.

/// What may begin near an offset of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Hex digits and what stands between numbers, and some of both.
    Numbers(usize),
    /// At least fourteen characters of the base64 alphabets.
    Coded(usize),
}

/// Calls `found` for stretches, in order. With a `step` of 1 every stretch of 23 bytes is noticed, somewhere within, with 2 every one of 39; of shorter ones some.
///
/// Of each 16 bytes the upper half is looked at: a stretch of that length covers one such half.
pub(super) fn stretches(text: &[u8], step: usize, mut found: impl FnMut(Stretch)) {
    let mut chunks = text.as_chunks::<HALF>().0;
    let mut at = 9;
    while let Some((ahead, coded, listed)) = next(chunks, step) {
        at += ahead * HALF;
        judge(text, at, coded, listed, &mut found);
        at += step * HALF;
        let Some(rest) = chunks.get(ahead + step..) else { break };
        chunks = rest;
    }
}

/// The next chunk whose upper half may belong to a stretch, and to which kind.
///
/// On its own and without calls, so that everything it needs stays in registers.
#[inline(never)]
#[expect(clippy::many_single_char_names, reason = "the bytes of a chunk, in order")]
fn next(chunks: &[[u8; HALF]], step: usize) -> Option<(usize, bool, bool)> {
    for (index, chunk) in chunks.iter().enumerate().step_by(step) {
        let [_, _, _, _, _, _, _, _, _, j, k, l, m, n, o, p] = *chunk;
        let [j, k, l, m, n, o, p] = [class(j), class(k), class(l), class(m), class(n), class(o), class(p)];
        let (all, any) = (j & k & l & m & n & o & p, j | k | l | m | n | o | p);
        // Base64 of text has capitals; in hex of text every other digit is 2 to 7. Words, paths and digests fail both.
        let mixed = all & (CODED | DIGIT) == CODED && any & UPPER != 0;
        let hex = all & DIGIT != 0 && (j & l & n & p | k & m & o) & TEXTUAL != 0;
        let listed = all & LISTED != 0 && any & (DIGIT | SEPARATOR) == DIGIT | SEPARATOR;
        if mixed | hex | listed {
            return Some((index, mixed | hex, listed));
        }
    }
    None
}

/// How far apart text may be looked at, given the length of the shortest secret: `xxd` takes five characters for two bytes, other notations more.
pub(super) fn step(shortest: usize) -> usize {
    if shortest * 5 / 2 >= 2 * HALF + 7 { 2 } else { 1 }
}

/// Bytes of which the upper half is looked at.
const HALF: usize = 16;

/// Looks at the seven bytes from `at` on, whose classes are known, together with the eight before or after them.
#[cold]
#[inline(never)]
fn judge(text: &[u8], at: usize, coded: bool, listed: bool, found: &mut impl FnMut(Stretch)) {
    for (from, beside) in [(at - 8, at - 8), (at, at + 7)] {
        let (Some(window), Some(beside)) = (text.get(from..from + 15), text.get(beside..beside + 8)) else { continue };
        let all = beside.iter().fold(!0, |all, byte| all & class(*byte));
        if coded && all & CODED != 0 && looks_encoded(window) {
            found(Stretch::Coded(at));
        }
        if listed && all & LISTED != 0 && looks_listed(window) {
            found(Stretch::Numbers(at));
        }
    }
}

/// As [`stretches`] asks of seven bytes, of fifteen, which in base64 also mix their kinds.
fn looks_encoded(window: &[u8]) -> bool {
    let classes = || window.iter().map(|byte| class(*byte));
    if classes().all(|class| class & DIGIT != 0) {
        let binary = |shift| classes().skip(shift).step_by(2).filter(|class| class & TEXTUAL == 0).count();
        return binary(0) <= 1 || binary(1) <= 1;
    }
    classes().any(|class| class & UPPER != 0) && classes().any(|class| class & (LOWER | NUMERAL) != 0)
}

/// Whether digits and separators alternate.
fn looks_listed(window: &[u8]) -> bool {
    let digits = window.iter().fold(0_u32, |mask, byte| mask << 1 | u32::from(class(*byte) & DIGIT != 0));
    // Nine digits in a row: each step keeps the ends of runs twice as long.
    let pairs = digits & digits >> 1;
    let fours = pairs & pairs >> 2;
    let nines = fours & fours >> 4 & digits >> 8;
    digits != 0 && nines == 0 && digits.count_ones() < 15
}

/// Whether all bytes are hex digits.
pub(super) fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().fold(DIGIT, |all, byte| all & class(*byte)) != 0
}

/// How many of the bytes in front belong to a list, and how many of those are hex digits.
pub(super) fn list_length<'a>(bytes: impl Iterator<Item = &'a u8>) -> (usize, usize) {
    let (mut length, mut digits) = (0, 0);
    for class in bytes.map(|byte| class(*byte)).take_while(|class| class & LISTED != 0) {
        length += 1;
        digits += usize::from(class & DIGIT != 0);
    }
    (length, digits)
}

pub(super) fn is_listed(byte: u8) -> bool {
    class(byte) & LISTED != 0
}

pub(super) fn is_coded(byte: u8) -> bool {
    class(byte) & CODED != 0
}

const LISTED: u8 = 1;
const DIGIT: u8 = 2;
const CODED: u8 = 4;
const LOWER: u8 = 8;
const UPPER: u8 = 16;
const NUMERAL: u8 = 32;
const SEPARATOR: u8 = 64;
/// The first hex digit of a letter or a digit.
const TEXTUAL: u8 = 128;

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::indexing_slicing,
            reason = "evaluated by the compiler, within bounds"
        )]
        {
            table[byte] = match byte as u8 {
                b'2'..=b'7' => LISTED | DIGIT | CODED | NUMERAL | TEXTUAL,
                b'0'..=b'9' => LISTED | DIGIT | CODED | NUMERAL,
                b'a'..=b'f' => LISTED | DIGIT | CODED | LOWER,
                b'A'..=b'F' => LISTED | DIGIT | CODED | UPPER,
                b'x' => LISTED | SEPARATOR | CODED | LOWER,
                b'X' => LISTED | SEPARATOR | CODED | UPPER,
                b'-' | b'_' => LISTED | SEPARATOR | CODED,
                b'g'..=b'z' => CODED | LOWER,
                b'G'..=b'Z' => CODED | UPPER,
                b'+' | b'/' => CODED,
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b';' | b'.' | b'[' | b']' | b'(' | b')' | b'{' | b'}'
                | b'"' | b'\'' | b'\\' => LISTED | SEPARATOR,
                _ => 0,
            };
        }
        byte += 1;
    }
    table
};
