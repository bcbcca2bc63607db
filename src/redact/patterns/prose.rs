//! Secrets told in sentences, command lines and directives: no operator between name and value.

use super::bytes::{
    at, back_while, before, find_word, line_end, line_start, next_line, skip_blanks, skip_while, slice, trim,
};
use super::directive::{directive, directive_word, last_of_directive};
use super::harmless::{is_harmless, is_sentence};
use super::names::Promise;
use super::random::{is_random, is_uuid, makeup};
use super::scan::Scan;
use super::shapes::{is_passphrase, looks_like_name, machine_line, names_a_thing, strong_shape, unquoted};
use super::value::{Link, Value, value};

/// A name followed by blanks and a value: `--password X`, `requirepass X`, `IDENTIFIED BY 'X'`,
/// `the password hunter2 works`. Returns true if the question is settled.
pub(super) fn blank_separated(
    scan: &mut Scan<'_>,
    name_start: usize,
    name_end: usize,
    from: usize,
    promise: Promise,
) -> bool {
    let text = scan.text;
    // Running text: a lower-case word follows, and more after it.
    let plain = skip_while(text, from, |b| b.is_ascii_lowercase());
    let marked = matches!(before(text, name_start), b'-' | b'/' | b' ' | b'\n') && at(text, name_start) == b'-';
    if plain > from && at(text, plain) == b' ' && !marked && !machine_line(text, name_start) {
        return false;
    }
    let Some(found) = value(text, from, Link::Blank) else { return false };
    let content = slice(text, found.start, found.end);
    if promise == Promise::Maybe && content.len() < 12 && !found.quoted {
        return false;
    }
    // The next pair of a structured log line.
    let pair = content.iter().position(|&b| b == b'=').is_some_and(|p| {
        p + 1 < content.len()
            && at(content, p + 1) != b'='
            && slice(content, 0, p).iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.'))
    });
    if pair && !found.quoted {
        return true;
    }
    let name = slice(text, name_start, name_end);
    let flag = name.first() == Some(&b'-') || before(text, name_start) == b'/' && before(text, name_start - 1) == b' ';
    if is_harmless(content) || content.first() == Some(&b'-') && flag {
        return flag;
    }
    let line = line_start(text, name_start);
    let line_stop = line_end(text, found.start);
    let lead = slice(text, line, name_start);
    let (_, stop) = trim(text, found.end, line_stop);
    let alone = stop <= found.end + 1;
    let first_on_line = !lead.iter().any(u8::is_ascii_alphanumeric);
    if name.eq_ignore_ascii_case(b"pass")
        && !flag
        && (content.contains(&b'_') || content.first().is_some_and(|b| b"[@".contains(b)))
        && !content.iter().any(|b| b"!#$%?".contains(b))
    {
        return true;
    }
    // `--export-secret-key now needs`: an option in a sentence.
    if flag && !found.quoted && is_running_text(text, found.end) && content.iter().all(u8::is_ascii_lowercase) {
        return true;
    }
    let typed = content.len() == 1 && content.iter().all(u8::is_ascii_digit) && stop > found.end;
    if typed && promise == Promise::Secret {
        let (start, end) = last_of_directive(text, found.start, line_stop);
        if is_told(slice(text, start, end)) || end - start >= 8 && !is_harmless(slice(text, start, end)) {
            scan.mask(start, end, "directive");
            return true;
        }
    }
    let tell = if flag {
        promise == Promise::Secret && !content.is_empty() || strong_shape(content)
    } else if found.quoted && !found.cut {
        promise == Promise::Secret
            && content.len() >= 3
            && !content.contains(&b'{')
            && (!content.contains(&b' ') || !is_sentence(content) && is_phrase(content))
            && (!looks_like_name(content) && (is_told(content) || !names_a_thing(name)) || is_passphrase(content))
            || strong_shape(content) && content.len() >= 12
    } else if find_word(lead, b"login ").is_some()
        || find_word(lead, b"machine ").is_some()
        || find_word(lead, b"identified ").is_some()
    {
        promise == Promise::Secret && (is_told(content) || content.len() > 3 && !names_function(content))
    } else if first_on_line && alone || directive(lead, name) {
        // `rootpw X`, `requirepass X`, `enable secret 5 X`.
        let (start, end) = last_of_directive(text, found.start, line_stop);
        let community =
            name.eq_ignore_ascii_case(b"community") && !slice(text, start, end).eq_ignore_ascii_case(b"public");
        if (promise == Promise::Secret || community)
            && (community || is_told(slice(text, start, end)) || directive_word(name) && alone)
            && (!looks_like_name(slice(text, start, end)) || alone && owns_line(name) && !content.ends_with(b"."))
            && !is_harmless(slice(text, start, end))
            || strong_shape(slice(text, start, end))
        {
            scan.mask(start, end, "directive");
            return true;
        }
        false
    } else {
        promise == Promise::Secret && is_told(content)
            || promise == Promise::Maybe && is_random(content, 16) && !is_uuid(content) && !makeup(content).is_hex()
    };
    if tell {
        scan.mask(found.start, found.end, "argument");
    }
    tell
}

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
            if super::calls::is_password_shaped(slice(text, next, end)) {
                scan.mask(next, end, "prose");
                return;
            }
        }
        if is_copula(word) || colon && word.len() > 1 {
            let end = skip_while(text, next, |b| b > b' ');
            // `set the token to "main"` says less than `the password is "main"`.
            let weak = matches!(word, b"to" | b"with" | b"auf" | b"mit" | b"a")
                && end < next + 10
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
            if is_passphrase(content) || strong_shape(content) && !makeup(content).is_hex() || is_uuid(content) {
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
        let shaped = |word: &[u8]| super::calls::is_password_shaped(word) || is_leet(word);
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
        let next = skip_while(text, end, |b| matches!(b, b' ' | b':' | b'*' | b'`'));
        if next == i || word.is_empty() && next == end {
            return false;
        }
        i = next;
    }
    false
}

/// The value after a copula, past adverbs.
fn told_after(scan: &mut Scan<'_>, from: usize, sure: bool) -> bool {
    let text = scan.text;
    let mut from = from;
    for _ in 0..3 {
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
    "nu",
];

/// `use X as the password`, `X is the new admin password`.
pub(super) fn before_label(scan: &mut Scan<'_>, name_start: usize, promise: Promise) {
    if promise != Promise::Secret {
        return;
    }
    let text = scan.text;
    // At most four plain words may stand between the verb and the label.
    let mut end = name_start;
    for _ in 0..5 {
        if before(text, end) != b' ' {
            return;
        }
        let stop = end - 1;
        let start = back_while(text, stop, 20, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || b >= 0x80);
        let word = slice(text, start, stop);
        if word.is_empty() || word.len() >= 20 {
            return;
        }
        if LABELLING.iter().any(|w| word.eq_ignore_ascii_case(w)) && before(text, start) == b' ' {
            labelled(scan, start - 1);
            return;
        }
        end = start;
    }
}

/// Masks the word that ends at `end`, if people would only write it as a secret.
fn labelled(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let start = back_while(text, end, 120, |b| !b.is_ascii_whitespace());
    let quoted = |b: u8| matches!(b, b'`' | b'"' | b'\'');
    let (start, end) = if quoted(at(text, start)) && quoted(before(text, end)) && end - start > 2 {
        (start + 1, end - 1)
    } else {
        (start, end)
    };
    let content = slice(text, start, end);
    if (is_told(content) || quoted(before(text, start)) && content.len() > 3) && !is_harmless(content) {
        scan.mask(start, end, "prose");
    }
}

const LABELLING: &[&[u8]] = &[b"as", b"is", b"als", b"ist", b"comme", b"como", b"was", b"est"];

/// A label that ends its line: the value stands alone on the next line with text.
pub(super) fn on_next_line(scan: &mut Scan<'_>, from: usize) {
    let text = scan.text;
    if slice(text, from, line_end(text, from)).iter().any(|b| !b.is_ascii_whitespace()) {
        return;
    }
    let mut line = next_line(text, from);
    if at(text, line) == b'\n' || at(text, line) == b'\r' {
        line = next_line(text, line);
    }
    // `kubectl describe` underlines the names.
    if slice(text, line, line_end(text, line)) == b"----" {
        line = next_line(text, line);
    }
    let (start, end) = trim(text, line, line_end(text, line));
    let content = slice(text, start, end);
    if content.is_empty() || content.contains(&b' ') || is_harmless(content) {
        return;
    }
    if (is_told(content) || is_passphrase(content)) && !content.ends_with(b":") && !content.contains(&b'=') {
        scan.mask(start, end, "label");
    }
}

/// A name on a command line or form head, and its value alone on the next line.
pub(super) fn printed(scan: &mut Scan<'_>, name_end: usize, promise: Promise) {
    if promise != Promise::Secret {
        return;
    }
    let text = scan.text;
    let stop = line_end(text, name_end);
    if stop > name_end + 80 || stop >= text.len() {
        return;
    }
    let mut line = next_line(text, name_end);
    if matches!(at(text, line), b'\n' | b'\r') {
        line = next_line(text, line);
    }
    // Subversion's files give the length of each value on a line of its own.
    let length = slice(text, line, line_end(text, line));
    let measured = matches!(length, [b'V', b' ', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    if measured {
        line = next_line(text, line);
    }
    let (start, end) = trim(text, line, line_end(text, line));
    let content = slice(text, start, end);
    if measured && !content.is_empty() {
        scan.mask(start, end, "label");
        return;
    }
    if content.len() >= 8
        && content.len() < 200
        && !content.contains(&b' ')
        && (super::calls::is_password_shaped(content)
            || is_random(content, 16)
            || introduces_value(slice(text, line_start(text, name_end), name_end))
                && (is_told(content) || is_passphrase(content)))
    {
        scan.mask(start, end, "command-output");
    }
}

/// Directives after which nothing but their secret stands.
fn owns_line(name: &[u8]) -> bool {
    [&b"requirepass"[..], b"masterauth", b"rootpw", b"olcrootpw", b"bindpw", b"passphrase", b"password"]
        .iter()
        .any(|w| name.eq_ignore_ascii_case(w))
}

/// Words in quotes are a passphrase if there are three or more, or digits among them.
fn is_phrase(content: &[u8]) -> bool {
    content.split(|&b| b == b' ').count() > 2 || content.iter().any(u8::is_ascii_digit)
}

fn names_function(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(super::names::is_function_word)
}

/// Two more plain words follow.
fn is_running_text(text: &[u8], from: usize) -> bool {
    let mut i = from;
    (0..2).all(|_| {
        let start = i + 1;
        i = skip_while(text, start, |b| b.is_ascii_lowercase());
        before(text, start) == b' ' && i > start && matches!(at(text, i), b' ' | b'\n' | b'\r' | 0 | b'.' | b',')
    })
}

/// `$ echo "$NAME"`, `Content-Disposition: form-data; name="…`: what the name stands for follows on a line of its own.
fn introduces_value(lead: &[u8]) -> bool {
    if find_word(lead, b"form-data").is_some() {
        return true;
    }
    [&b"$ "[..], b"# ", b"> "].iter().any(|p| lead.starts_with(p))
        && [&b"echo "[..], b"printenv ", b"cat ", b"get "].iter().any(|c| find_word(lead, c).is_some())
}

/// A word that people would only write as a secret: digits or signs mixed into letters.
pub(super) fn is_told(content: &[u8]) -> bool {
    let content = unquoted(content);
    let made = makeup(content);
    let letters = made.upper + made.lower;
    if content.len() < 5 || is_harmless(content) || looks_like_name(content) {
        return false;
    }
    if content.len() == 19
        && content.split(|&b| b == b'-').all(|group| group.len() == 4 && group.iter().all(u8::is_ascii_lowercase))
    {
        return true;
    }
    let signs = content.iter().filter(|b| b"!@#$%^&*?+~=|\\".contains(b)).count();
    (letters > 1
        && made.digit > 0
        && (made.digit > 1 || made.upper > 0 || signs > 0 || made.oddness > 0.2 || content.len() >= 7))
        || (signs > 0
            && letters > 2
            && !content.ends_with(b"?")
            && !content.ends_with(b"!")
            && !content.contains(&b'/')
            && !content.contains(&b'='))
        || (made.upper > 0 && made.lower > 2 && made.oddness > 0.3)
        || made.oddness > 0.5
        || made.digit == content.len() && content.len() >= 6 && content.len() <= 8
}

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
fn is_copula(word: &[u8]) -> bool {
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
