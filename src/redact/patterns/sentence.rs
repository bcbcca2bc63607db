//! Secrets that a sentence tells: a name, some words, a verb, and the value.

use super::bytes::{at, before, find_word, line_end, line_start, skip_blanks, skip_while, slice, trim};
use super::calls::is_password_shaped;
use super::harmless::{is_harmless, is_sentence};
use super::names::Promise;
use super::prose::{is_told, on_next_line};
use super::random::{is_uuid, makeup};
use super::runs::is_license;
use super::scan::Scan;
use super::shapes::{is_passphrase, looks_like_name, strong_shape};
use super::value::{Link, Value, value};

/// `the password for the database is X`, `Passwort für root lautet X`.
pub(super) fn at_distance(scan: &mut Scan<'_>, from: usize, promise: Promise) {
    let text = scan.text;
    if promise != Promise::Secret {
        key_told(scan, from);
        return;
    }
    in_sentence(scan, from);
    let limit = line_end(text, from).min(from + 90);
    let mut i = from;
    for _ in 0..6 {
        let end = skip_while(text, i, |b| b > b' ').min(limit);
        let word = slice(text, i, end);
        let next = skip_blanks(text, end);
        if word.ends_with(b":") && next >= line_end(text, from) {
            on_next_line(scan, next);
        }
        if word.is_empty() || next >= limit {
            return;
        }
        let colon = word.ends_with(b":");
        if i == from && describes(word) || is_verb(text, from) && matches!(word, b"to" | b"with" | b"a") {
            return;
        }
        if matches!(word, b"from" | b"von" | b"desde") {
            told_after(scan, next, false);
        }
        if matches!(word, b"a" | b"in") {
            let end = skip_while(text, next, |b| b > b' ');
            let end = if matches!(before(text, end), b'.' | b',') { end - 1 } else { end };
            if is_password_shaped(slice(text, next, end)) {
                scan.mask(next, end, "prose");
                return;
            }
        }
        if is_copula(word) || colon && word.len() > 1 {
            let end = skip_while(text, next, |b| b > b' ');
            // `set the token to "main"` says less than `the password is "main"`.
            let weak = matches!(word, b"to" | b"with" | b"auf" | b"mit" | b"a" | b"are")
                && slice(text, next, end).iter().all(|b| b.is_ascii_alphabetic() || b"`'\"*.,".contains(b))
                && !is_told(slice(text, next, end));
            if weak {
                return;
            }
            if told_after(scan, next, colon || matches!(word, b"=" | b"->")) {
                return;
            }
        }
        if word.iter().any(|b| matches!(b, b'=' | b';' | b'{' | b'"' | b'|')) || word.ends_with(b".") {
            return;
        }
        i = next;
    }
}

/// `the key for the API is X`: only what no sentence would contain.
fn key_told(scan: &mut Scan<'_>, from: usize) {
    let text = scan.text;
    let limit = line_end(text, from).min(from + 90);
    let mut i = from;
    for _ in 0..6 {
        let end = skip_while(text, i, |b| b > b' ').min(limit);
        let next = skip_blanks(text, end);
        let word = slice(text, i, end);
        if word.is_empty() || next >= limit || i == from && describes(word) {
            return;
        }
        if is_copula(word) || word.ends_with(b":") {
            let stop = skip_while(text, next, |b| b > b' ');
            let stop = if matches!(before(text, stop), b'.' | b',') { stop - 1 } else { stop };
            let content = slice(text, next, stop);
            if content.contains(&b':') {
                return;
            }
            if is_passphrase(content)
                || strong_shape(content) && !makeup(content).is_hex()
                || is_uuid(content)
                || is_license(content)
            {
                scan.mask(next, stop, "prose");
            }
            return;
        }
        i = next;
    }
}

/// Words shaped like passwords in a sentence about one: `the old one was X, now it is Y`.
pub(super) fn in_sentence(scan: &mut Scan<'_>, at_name: usize) {
    let text = scan.text;
    let line = line_start(text, at_name).max(at_name.saturating_sub(120));
    let stop = line_end(text, at_name).min(at_name + 160);
    // Sentences have blanks between plain words; code and data have signs.
    let signs = slice(text, line, stop).iter().filter(|b| b"(){}[]<>=;|\\/".contains(b)).count();
    if signs > 2 {
        return;
    }
    let mut i = line;
    while i < stop {
        let s = skip_while(text, i, |b| b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'(' | b',')).min(stop);
        let e = skip_while(text, s, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b',' | b')' | b';')).min(stop);
        let end = if matches!(before(text, e), b'.' | b',' | b':' | b'!' | b'?') && e > s + 1 { e - 1 } else { e };
        let shaped = |word: &[u8]| is_password_shaped(word) || is_leet(word);
        let bare = [end, e].into_iter().find(|end| shaped(slice(text, s, *end)));
        if let Some(end) = bare.filter(|end| !is_term(slice(text, s, *end))) {
            scan.mask(s, end, "sentence");
        }
        i = e.max(s + 1);
    }
}

/// `n00dle23`: digits among lower-case letters, twice.
fn is_leet(word: &[u8]) -> bool {
    let made = makeup(word);
    let groups = word.split(|b| !b.is_ascii_digit()).filter(|digits| !digits.is_empty()).count();
    word.len() >= 7
        && groups == 2
        && made.digit >= 3
        && made.lower >= 4
        && made.digit + made.lower == word.len()
        && !made.is_hex()
}

/// Names of algorithms, types and versions with digits, which stand in sentences about passwords.
fn is_term(word: &[u8]) -> bool {
    [
        &b"sha"[..],
        b"md5",
        b"base64",
        b"base32",
        b"pbkdf",
        b"utf",
        b"x509",
        b"oauth",
        b"pkcs",
        b"aes",
        b"hmac",
        b"argon",
        b"win32",
        b"ipv",
        b"http",
        b"log4",
        b"java",
        b"php",
        b"int32",
        b"int64",
    ]
    .iter()
    .any(|w| find_word(word, w).is_some())
        || word.iter().any(|b| b"_.:/".contains(b)) && !word.iter().any(|b| b"!#$%&*?".contains(b))
}

/// `password policy`, `key fingerprint`: the sentence is about something else.
fn describes(word: &[u8]) -> bool {
    [
        &b"policy"[..],
        b"fingerprint",
        b"lifetime",
        b"expiry",
        b"expiration",
        b"length",
        b"helper",
        b"manager",
        b"rotation",
        b"prompt",
        b"field",
        b"reset",
        b"change",
        b"changes",
        b"file",
        b"id",
        b"type",
        b"size",
        b"format",
        b"algorithm",
        b"endpoint",
        b"bucket",
        b"limit",
        b"count",
        b"usage",
        b"age",
        b"history",
        b"strength",
        b"path",
        b"store",
        b"leak",
        b"authentication",
        b"protection",
        b"generator",
        b"hash",
        b"cache",
    ]
    .contains(&word)
}

/// True if the name before `from` is `pass`, which is a verb in most sentences.
fn is_verb(text: &[u8], from: usize) -> bool {
    let name = slice(text, from.saturating_sub(6), from);
    super::bytes::ends_with(name, b"pass ") && !at(name, 0).is_ascii_alphanumeric()
}

/// The value after a copula, past adverbs.
fn told_after(scan: &mut Scan<'_>, from: usize, sure: bool) -> bool {
    let text = scan.text;
    let mut from = from;
    for _ in 0..5 {
        let end = skip_while(text, from, |b| b.is_ascii_alphabetic() || b == b':' || b >= 0x80);
        if !FILLERS.iter().any(|f| slice(text, from, end).eq_ignore_ascii_case(f.as_bytes())) {
            break;
        }
        from = skip_blanks(text, end);
    }
    // A passphrase of words to the end of the line.
    let (start, end) = trim(text, from, line_end(text, from));
    let words = slice(text, start, end);
    let count = words.split(|&b| b == b' ').filter(|w| w.len() > 2).count();
    if (4..=26).contains(&count)
        && words.iter().all(|&b| b.is_ascii_lowercase() || b == b' ')
        && !is_sentence(words)
        && words.split(|&b| b == b' ').all(|w| !is_harmless(w))
    {
        scan.mask(start, end, "passphrase");
        return true;
    }
    // `w9g2 mRFT m5No Zifs`: groups of one length.
    let groups: Vec<&[u8]> = words.split(|&b| b == b' ').collect();
    let even = |g: &&[u8]| g.len() == groups.first().map_or(0, |f| f.len()) && g.iter().all(u8::is_ascii_alphanumeric);
    if groups.len() > 2
        && (3..=6).contains(&groups.first().map_or(0, |g| g.len()))
        && groups.iter().all(even)
        && (makeup(words).digit > 1 || makeup(words).oddness > 0.4)
    {
        scan.mask(start, end, "passphrase");
        return true;
    }
    value(text, from, Link::Blank).is_some_and(|found| tell(scan, found, sure))
}

const FILLERS: &[&str] = &[
    "now",
    "still",
    "jetzt",
    "nun",
    "currently",
    "set",
    "changed",
    "to",
    "ahora",
    "maintenant",
    "just",
    "probably",
    "simply",
    "immer",
    "noch",
    "always",
    "auf",
    "now:",
    "is",
    "ist",
    "again",
    "ab",
    "heute",
    "von",
    "ora",
    "adesso",
    "leider",
    "seit",
    "gestern",
    "since",
    "unfortunately",
    "actually",
    "toujours",
    "encore",
    "todavía",
    "ancora",
    "nog",
    "steeds",
    "nu",
];

/// Masks a value that a sentence gives, if it reads like one.
fn tell(scan: &mut Scan<'_>, found: Value, sure: bool) -> bool {
    let text = scan.text;
    let content = slice(text, found.start, found.end);
    if is_harmless(content) || content.contains(&b' ') && is_sentence(content) {
        return false;
    }
    // `password is: harborufer`, and nothing after it.
    let alone = slice(text, found.end, line_end(text, found.end)).iter().all(|b| b" .\t\r".contains(b));
    let word = alone && content.iter().all(u8::is_ascii_lowercase);
    if found.quoted && !found.cut
        || is_told(content)
        || is_passphrase(content)
        || sure && content.len() > 5 && (word || !looks_like_name(content))
    {
        scan.mask(found.start, found.end, "prose");
        return true;
    }
    false
}

/// Verbs and signs that lead from a label to its value.
pub(super) fn is_copula(word: &[u8]) -> bool {
    word.len() <= 8
        && matches!(
            word,
            b"is"
                | b"is:"
                | b"was"
                | b"ist"
                | b"ist:"
                | b"lautet"
                | b"est"
                | b"est:"
                | b"es"
                | b"es:"
                | b"="
                | b"->"
                | b":"
                | b"to"
                | b"auf"
                | b"with"
                | b"er"
                | b"wurde"
                | b"war"
                | b"be"
                | b"sind"
                | b"are"
                | b"=>"
                | b"mit"
                | b"hei\xc3\x9ft"
                | b"\xc3\xa0"
                | b"naar"
                | b"je"
                | b"jest"
                | b"lautete"
                | b"reads"
                | b"\xc3\xa8"
                | b"\xc3\xa9"
                | b"\xc3\xa4r"
                | b"\xe2\x86\x92"
                | b"\xe2\x80\x93"
                | b"\xe2\x80\x94"
        )
}
