//! `PASS` in capitals as what a check says of itself: `PASS: E2E 12 of 12`, `"outcome":"PASS"`,
//! `| E2E | PASS |`. As the name of a password it links one word that looks like one.

use super::bytes::{at, before, line_end, line_start, skip_while, slice, trim};
use super::calls::is_password_shaped;
use super::names;

/// True if the name from `start` to `end` is the verdict of a check.
pub(super) fn is_verdict(text: &[u8], start: usize, end: usize) -> bool {
    if slice(text, start, end) != b"PASS" {
        return false;
    }
    let next = skip_while(text, end, |b| matches!(b, b'"' | b'\'' | b'`' | b'*' | b' '));
    match at(text, next) {
        b'=' => false,
        b':' => is_first(text, start) && !is_alone(text, next + 1),
        _ => !is_password_shaped(next_word(text, end)),
    }
}

/// True if nothing stands before on the line but a time, a level, a number or a sign.
fn is_first(text: &[u8], start: usize) -> bool {
    let lead = slice(text, line_start(text, start), start);
    lead.split(|b| !b.is_ascii_alphabetic()).all(|word| {
        matches!(word, b"" | b"T" | b"Z" | b"UTC" | b"ok" | b"INFO" | b"NOTICE" | b"DEBUG" | b"info" | b"notice")
    })
}

/// True if a word or a phrase that might be a password is all that follows on the line.
fn is_alone(text: &[u8], from: usize) -> bool {
    let (start, end) = trim(text, from, line_end(text, from));
    let words = slice(text, start, end);
    !words.contains(&b' ') && !words.first().is_some_and(u8::is_ascii_uppercase)
        || is_password_shaped(words)
        || words.iter().all(|b| b.is_ascii_lowercase() || *b == b' ')
            && !words.split(|b| *b == b' ').any(tells_of_a_check)
}

/// Words that phrases made to be remembered lack.
fn tells_of_a_check(word: &[u8]) -> bool {
    let word = std::str::from_utf8(word).unwrap_or_default();
    let subject = matches!(
        word.strip_suffix('s').unwrap_or(word),
        "test"
            | "check"
            | "gate"
            | "smoke"
            | "build"
            | "suite"
            | "page"
            | "deployment"
            | "migration"
            | "snapshot"
            | "backup"
    );
    subject || names::is_status(word) || names::is_function_word(word)
}

/// The word after the verdict, without the quotes, tags and signs between.
fn next_word(text: &[u8], from: usize) -> &[u8] {
    let limit = line_end(text, from);
    let mut at_word = from;
    while at_word < limit {
        match at(text, at_word) {
            b'<' => at_word = skip_while(text, at_word, |b| b != b'>' && b != b'\n') + 1,
            b if b.is_ascii_alphanumeric() => break,
            _ => at_word += 1,
        }
    }
    let end = skip_while(text, at_word, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'|' | b','));
    let end = if before(text, end) == b'.' { end - 1 } else { end };
    slice(text, at_word, end)
}
