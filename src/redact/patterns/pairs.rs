//! `user:password` that nothing announces: a literal of its own, or a line of its own.

use super::bytes::{at, back_while, before, skip_while, slice};
use super::calls::is_password_shaped;
use super::harmless::is_harmless;
use super::scan::Scan;

/// Masks the password of every `"user:password"` and of every line that is only that.
pub(super) fn pairs(scan: &mut Scan<'_>) {
    let text = scan.text;
    for colon in memchr::memchr_iter(b':', text) {
        let next = at(text, colon + 1);
        let last = before(text, colon);
        // Blanks, other notations, and the colons of times and ports.
        if next <= b' '
            || matches!(next, b':' | b'/' | b'"' | b'\'')
            || !last.is_ascii_alphanumeric()
            || next.is_ascii_digit() && last.is_ascii_digit()
        {
            continue;
        }
        let start =
            back_while(text, colon, 32, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@'));
        let open = before(text, start);
        let quoted = matches!(open, b'"' | b'\'' | b'`');
        if !quoted && !matches!(open, 0 | b'\n') || !at(text, start).is_ascii_alphabetic() {
            continue;
        }
        let end = skip_while(text, colon + 1, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b','));
        let close = at(text, end);
        let whole = if quoted { close == open } else { matches!(close, 0 | b'\n' | b'\r') };
        let password = slice(text, colon + 1, end);
        if whole && is_chosen(password) && !is_harmless(password) && !is_actor(slice(text, start, colon), password) {
            scan.mask(colon + 1, end, "user-password");
        }
    }
}

/// `operator:alice#1000`: somebody with the number the system knows them by, as the ledger names who did something.
fn is_actor(kind: &[u8], name: &[u8]) -> bool {
    let mut parts = name.rsplitn(2, |&b| b == b'#');
    let number = parts.next().unwrap_or_default();
    kind == b"operator"
        && number.iter().all(u8::is_ascii_digit)
        && parts
            .next()
            .is_some_and(|name| name.iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.')))
}

/// Letters with digits or signs as people choose passwords; not versions, tags, hosts or checksums.
fn is_chosen(word: &[u8]) -> bool {
    let made = super::random::makeup(word);
    let letters = made.upper + made.lower;
    // `kessel42vogel`
    let inner = word.iter().rposition(u8::is_ascii_digit).map_or(0, |p| word.len() - p - 1);
    let around = word.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let sandwich = made.digit >= 2 && made.other == 0 && inner >= 4 && around >= 4 && letters == inner + around;
    // `Fenster-Regen42`
    let joined = made.upper > 0
        && made.lower > 3
        && made.digit >= 2
        && made.other == 1
        && !word.contains(&b'.')
        && word.last().is_some_and(u8::is_ascii_digit)
        && super::prose::is_told(word);
    (7..=40).contains(&word.len()) && letters >= 4 && (is_password_shaped(word) || sandwich || joined)
}
