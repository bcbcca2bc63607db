//! Codes of few digits or letters, which only their name makes secret.

use super::bytes::{at, back_while, before, skip_blanks, skip_while, slice};
use super::prose::is_told;
use super::random::makeup;
use super::scan::Scan;
use super::sentence::is_copula;

/// `OTP is 399643`, `Tresor-Code ist 1234`, `Freischaltcode 3XQW-O8R4`: a code after its name.
pub(super) fn one_time_code(scan: &mut Scan<'_>, name_start: usize, name_end: usize, from: usize) -> bool {
    let text = scan.text;
    let last = slice(text, name_end.saturating_sub(4), name_end);
    if ![&b"code"[..], b"pin", b"otp", b"tan", b"puk", b"cvv", b"cvc", b"tion"]
        .iter()
        .any(|w| super::bytes::ends_with(last, w))
    {
        return false;
    }
    let name_start =
        back_while(text, name_start, 32, |b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-') || b >= 0x80);
    let name_end = if before(text, name_end) == b' ' { name_end - 1 } else { name_end };
    let name = slice(text, name_start, name_end);
    // `your code is 985893`: only the usual six digits.
    let plain = !super::names::is_code(name);
    let addressed = [&b"your code"[..], b"the code", b"dein code", b"ihr code", b"votre code", b"tu code", b"uw code"];
    if plain && !addressed.iter().any(|w| super::bytes::ends_with(name, w)) {
        return false;
    }
    code_after(scan, from, last, plain)
}

/// The code that follows a label of several words.
pub(super) fn code_within(scan: &mut Scan<'_>, label_end: usize, from: usize) -> bool {
    let text = scan.text;
    code_after(scan, skip_blanks(text, from), slice(text, label_end.saturating_sub(4), label_end), false)
}

fn code_after(scan: &mut Scan<'_>, from: usize, last: &[u8], plain: bool) -> bool {
    let text = scan.text;
    let mut i = from;
    let mut linked = before(text, from) != b' ' || before(text, from - usize::from(from > 0)) == b':';
    // `PIN 8731`, in capitals: not the pins of a board.
    linked |= [&b"PIN"[..], b"PUK", b"TAN"].iter().any(|w| last.ends_with(w));
    for _ in 0..8 {
        let end = skip_while(text, i, |b| b.is_ascii_alphanumeric() || b == b'-');
        let word = slice(text, i, end);
        let made = makeup(word);
        let range = matches!(word, [b'0'..=b'9', b'0'..=b'9', b'-', b'0'..=b'9', b'0'..=b'9']);
        let numeric =
            !range && (4..=10).contains(&made.digit) && made.digit + made.other == word.len() && made.other < 4;
        let grouped = made.lower == 0 && made.digit > 0 && made.upper > 0 && made.alnum() >= 6;
        let told = linked && made.digit > 1 && is_told(word);
        let card = made.digit == word.len()
            && word.len() == 3
            && [&b"cvv"[..], b"cvc"].iter().any(|w| last.len() > 2 && super::bytes::ends_with(last, w));
        let usual = !plain || linked && made.digit == word.len() && made.digit == 6;
        if usual && (numeric && (linked || made.digit >= 5) || grouped || told || card) {
            scan.mask(i, end, "one-time-code");
            return true;
        }
        linked |= is_copula(word) || at(text, end) == b':';
        let next = skip_while(text, end, |b| matches!(b, b' ' | b':' | b'*' | b'`' | b'.'));
        if next == i || word.is_empty() && next == end {
            return false;
        }
        i = next;
    }
    false
}
