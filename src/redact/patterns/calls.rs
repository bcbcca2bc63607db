//! Values known by the verb before them: SQL statements, function calls, tools and scripts.

use super::bytes::{at, before, find_word, line_end, line_start, skip_blanks, skip_while, slice, trim, word_at};
use super::cli::shell_word;
use super::harmless::is_harmless;
use super::names::{self, Promise};
use super::prose::is_told;
use super::scan::Scan;
use super::shapes::is_passphrase;

/// `IDENTIFIED BY 'X'`, `encrypt_string 'X'`, `::add-mask::X`: the next word is the secret.
pub(super) fn next_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let mut from = skip_while(text, end, |b| matches!(b, b' ' | b'(' | b'=' | b':'));
    for skipped in ["password ", "values ", "as ", "-string ", "-name "] {
        if word_at(text, from, skipped.as_bytes()) {
            from = skip_blanks(text, from + skipped.len());
        }
    }
    let (s, e) = shell_word(text, from);
    let content = slice(text, s, e);
    // `clients are identified by their certificate`.
    let remark = s == from && at(text, e) == b' ' && content.iter().all(u8::is_ascii_lowercase);
    if !is_harmless(content) && content.first() != Some(&b'-') && content.len() > 2 && !remark {
        scan.mask(s, e, "argument");
    }
}

/// `unlocked using X`, `log in with X`: the next word, if it reads like a secret.
pub(super) fn told_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    // A quote may end the needle.
    let from = if matches!(before(text, end), b'"' | b'\'') { end - 1 } else { skip_blanks(text, end) };
    let (s, e) = shell_word(text, from);
    let e = if matches!(before(text, e), b'.' | b',') && e > s { e - 1 } else { e };
    if is_told(slice(text, s, e)) || is_passphrase(slice(text, s, e)) {
        scan.mask(s, e, "prose");
        return;
    }
    // `log in with admin / X`, `sign in with anna and X`.
    let joint = skip_while(text, e, |b| matches!(b, b' ' | b'/' | b':' | b',' | b'"' | b'\''));
    let from =
        ["and ", "und ", "et "].iter().find(|w| word_at(text, joint, w.as_bytes())).map_or(joint, |w| joint + w.len());
    if from > e + 1 || matches!(at(text, e), b'/' | b':') {
        let (s, e) = shell_word(text, from);
        let e = if matches!(before(text, e), b'.' | b',') && e > s { e - 1 } else { e };
        if is_password_shaped(slice(text, s, e)) {
            scan.mask(s, e, "prose");
        }
    }
}

/// The last word of the line: `SQLConnectInfo db user X`.
pub(super) fn last_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let (from, stop) = trim(text, end, line_end(text, end));
    let start = slice(text, from, stop).iter().rposition(|&b| matches!(b, b' ' | b'\t')).map_or(from, |p| from + p + 1);
    let word = slice(text, start, stop);
    // `user:password` of a mail relay's map.
    let start = memchr::memrchr(b':', word).map_or(start, |p| start + p + 1);
    if start > from && !is_harmless(slice(text, start, stop)) {
        scan.mask(start, stop, "directive");
    }
}

/// `new PDO('dsn', 'user', 'X')`: the last quoted argument of at least two.
pub(super) fn last_argument(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let stop = line_end(text, end).min(end + 400);
    let mut i = end;
    let mut quoted = Vec::new();
    while i < stop && !matches!(at(text, i), b')' | b']') && quoted.len() < 5 {
        if matches!(at(text, i), b'\'' | b'"') {
            let (s, e) = shell_word(text, i);
            quoted.push((s, e));
            i = e + 1;
        } else {
            i += 1;
        }
    }
    let Some(&(s, e)) = quoted.get(2).or_else(|| quoted.get(1)) else { return };
    let content = slice(text, s, e);
    if !is_harmless(content) && (quoted.len() > 2 || is_told(content)) {
        scan.mask(s, e, "argument");
    }
}

/// `password_verify('X', $hash)`, `hmac.new(b"X", …)`: a first argument that is a literal.
pub(super) fn first_argument(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    // A variable may stand before it: `jwt.sign(payload, 'X')`.
    let variable = skip_while(text, end, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
    let from = if at(text, variable) == b',' { skip_blanks(text, variable + 1) } else { end };
    let prefix = usize::from(matches!(at(text, from), b'b' | b'r' | b'f'));
    let from = skip_blanks(text, from) + prefix;
    if matches!(at(text, from), b'\'' | b'"') {
        let (s, e) = shell_word(text, from);
        let e = [&b"\\n"[..], b"\\r"].iter().find(|w| slice(text, s, e).ends_with(w)).map_or(e, |w| e - w.len());
        let content = slice(text, s, e);
        if is_told(content) && !content.contains(&b' ') {
            scan.mask(s, e, "argument");
        }
    }
}

/// A literal whose opening quote is part of the needle: `: EAP "X"`, `"AUTH" "X"`.
pub(super) fn quoted(scan: &mut Scan<'_>, end: usize) {
    let (s, e) = shell_word(scan.text, end - 1);
    if !is_harmless(slice(scan.text, s, e)) {
        scan.mask(s, e, "argument");
    }
}

/// `"X".toCharArray()`: Java keeps passwords, and little else, in arrays of characters.
pub(super) fn char_array(scan: &mut Scan<'_>, close: usize) {
    let text = scan.text;
    let start = super::bytes::back_while(text, close, 120, |b| b != b'"' && b != b'\n');
    if before(text, start) == b'"' && !is_harmless(slice(text, start, close)) {
        scan.mask(start, close, "argument");
    }
}

/// `#password … .type('X')`: text typed into a field that is called secret.
pub(super) fn typed(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let lead = slice(text, line_start(text, end).max(end.saturating_sub(200)), line_end(text, end).min(end + 120));
    if ["pass", "pwd", "pin", "otp", "token", "secret"].iter().any(|w| find_word(lead, w.as_bytes()).is_some()) {
        first_argument(scan, end);
    }
}

/// `send "X\r"` of an expect script that asked for a password.
pub(super) fn send(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let line = line_start(text, end);
    let lead = slice(text, line_start(text, line.saturating_sub(1)), line_end(text, end).min(end + 200));
    if find_word(lead, b"assw").or_else(|| find_word(lead, b"phrase")).or_else(|| find_word(lead, b"expect")).is_none()
    {
        return;
    }
    let (s, e) = shell_word(text, end - 1);
    let stop = slice(text, s, e).iter().position(|&b| b == b'\\').map_or(e, |p| s + p);
    let content = slice(text, s, stop);
    if !is_harmless(content) && content.len() > 3 && !content.contains(&b' ') {
        scan.mask(s, stop, "expect");
    }
}

/// `INSERT INTO t (a, password) VALUES (1, 'X'), (2, 'Y')`: the values of secret columns.
pub(super) fn insert(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let limit = text.len().min(end + 64 * 1024);
    let Some(open) = memchr::memchr(b'(', slice(text, end, (end + 120).min(limit))).map(|p| end + p) else { return };
    let Some(close) = memchr::memchr(b')', slice(text, open, (open + 2000).min(limit))).map(|p| open + p) else {
        return;
    };
    let columns: Vec<usize> = slice(text, open + 1, close)
        .split(|&b| b == b',')
        .enumerate()
        .filter(|(_, name)| names::promise(name) == Promise::Secret)
        .map(|(i, _)| i)
        .collect();
    if columns.is_empty() {
        return;
    }
    let mut i = close;
    while let Some(open) = memchr::memchr(b'(', slice(text, i, limit)).map(|p| i + p) {
        if slice(text, i, open).iter().any(|&b| b == b';' || b == b'\n' && i > close + 400) {
            return;
        }
        let (fields, stop) = tuple(text, open + 1, limit);
        for &(s, e) in columns.iter().filter_map(|c| fields.get(*c)) {
            if !is_harmless(slice(text, s, e)) {
                scan.mask(s, e, "sql");
            }
        }
        i = stop.max(open + 1);
    }
}

/// `COPY t (id, password) FROM stdin;` and its rows, as `pg_dump` writes them.
pub(super) fn copy_rows(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let head = slice(text, line_start(text, start), start);
    let Some(open) = memchr::memchr(b'(', head) else { return };
    let columns: Vec<usize> = slice(head, open + 1, head.len())
        .split(|&b| b == b',')
        .enumerate()
        .filter(|(_, name)| names::promise(name) == Promise::Secret)
        .map(|(i, _)| i)
        .collect();
    let mut line = super::bytes::next_line(text, end);
    for _ in 0..if columns.is_empty() { 0 } else { 2000 } {
        let stop = line_end(text, line);
        if line >= text.len() || at(text, line) == b'\\' {
            return;
        }
        let mut from = line;
        for (i, field) in slice(text, line, stop).split(|&b| b == b'\t').enumerate() {
            if columns.contains(&i) && !is_harmless(field) {
                scan.mask(from, from + field.len(), "sql");
            }
            from += field.len() + 1;
        }
        line = super::bytes::next_line(text, line);
    }
}

/// Fields of one tuple, without quotes, and where it ends.
fn tuple(text: &[u8], start: usize, limit: usize) -> (Vec<(usize, usize)>, usize) {
    let mut fields = Vec::new();
    let mut i = start;
    while i < limit && fields.len() < 200 {
        i = skip_while(text, i, |b| b.is_ascii_whitespace());
        let (s, e) = if matches!(at(text, i), b'\'' | b'"') {
            shell_word(text, i)
        } else {
            (i, skip_while(text, i, |b| !matches!(b, b',' | b')')).min(limit))
        };
        fields.push((s, e));
        i = skip_while(text, e, |b| !matches!(b, b',' | b')')).min(limit);
        if at(text, i) == b')' || i >= limit {
            return (fields, i + 1);
        }
        i += 1;
    }
    (fields, i)
}

/// A line about logging in, told to a colleague or typed: every word shaped like a password.
pub(super) fn login_line(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let from = line_start(text, start).max(start.saturating_sub(160));
    let stop = line_end(text, end).min(end + 200);
    let mut i = from;
    while i < stop {
        let s = skip_while(text, i, |b| b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'(' | b',' | b'[')).min(stop);
        let e = skip_while(text, s, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b',' | b')' | b';')).min(stop);
        let word_end = if matches!(before(text, e), b'.' | b',' | b':') && e > s { e - 1 } else { e };
        if is_password_shaped(slice(text, s, word_end)) && !matches!(before(text, s), b'#' | b'=') {
            scan.mask(s, word_end, "login-line");
        }
        i = e.max(s + 1);
    }
}

/// The line after a command that prints a secret.
pub(super) fn output(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let mut line = super::bytes::next_line(text, end);
    for _ in 0..6 {
        let (s, e) = trim(text, line, line_end(text, line));
        let word = slice(text, s, e);
        if word.len() < 6 || word.contains(&b' ') || is_harmless(word) {
            return;
        }
        let made = super::random::makeup(word);
        let hex = made.is_hex() && word.len() >= 16 && made.digit > 1;
        if !is_told(word)
            && !is_passphrase(word)
            && !is_password_shaped(word)
            && !super::random::is_random(word, 12)
            && !hex
        {
            return;
        }
        scan.mask(s, e, "command-output");
        line = super::bytes::next_line(text, line);
    }
}

/// Letters and digits mixed the way people and generators make passwords, and nothing else is.
pub(super) fn is_password_shaped(word: &[u8]) -> bool {
    // `%Fenster506`: a sign before a capitalised word with a number is no variable.
    let word = match word {
        [b'%' | b'!' | b'$' | b'*' | b'&', rest @ ..]
            if rest.first().is_some_and(u8::is_ascii_uppercase)
                && rest.get(1).is_some_and(u8::is_ascii_lowercase)
                && rest.iter().filter(|b| b.is_ascii_digit()).count() > 1 =>
        {
            rest
        }
        _ => word,
    };
    if !(7..=64).contains(&word.len()) || !word.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let plain = word.iter().all(|&b| b.is_ascii_alphanumeric() || b"!#$%^&*?~+_-=.".contains(&b));
    if !plain
        || matches!(word.first(), Some(b'-' | b'+' | b'#' | b'$' | b'%' | b'.' | b'*' | b'='))
        || word.contains(&b'=')
            && word.iter().take_while(|b| **b != b'=').all(|b| b.is_ascii_lowercase() || *b == b'_' || *b == b'-')
    {
        return false;
    }
    let made = super::random::makeup(word);
    let letters = made.upper + made.lower;
    let signs = word.iter().filter(|b| b"!#$%^&*?~+".contains(b)).count();
    let dotted = word.iter().filter(|b| matches!(b, b'.' | b'-' | b'_')).count();
    letters >= 3
        && made.digit > 0
        && !made.is_hex()
        && is_told(word)
        && (signs > 0 && dotted < 2
            || made.upper > 0 && made.lower > 0 && dotted == 0 && (made.digit >= 2 || made.oddness > 0.3)
            || made.upper > 0
                && made.lower > 0
                && made.digit >= 2
                && dotted == 1
                && made.oddness > 0.2
                && !word.contains(&b'.')
                && !word.contains(&b'-'))
}

/// Words with a sign amid letters and digits, as people choose passwords; nothing announces them.
pub(super) fn signed_words(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for sign in memchr::memchr3_iter(b'!', b'#', b'^', text) {
        if sign < done || before(text, sign) <= b' ' || !before(text, sign).is_ascii_alphanumeric() {
            continue;
        }
        let s = super::bytes::back_while(text, sign, 40, |b| {
            b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b'(' | b',' | b'[' | b'{' | b'<' | b'>')
        });
        let e = skip_while(text, sign, |b| {
            b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b',' | b')' | b';' | b']' | b'}' | b'<' | b'>')
        });
        done = e;
        let s = memchr::memrchr(b'/', slice(text, s, sign))
            .filter(|p| *p < 20 && !slice(text, s, s + p).contains(&b':'))
            .map_or(s, |p| s + p + 1);
        let word = slice(text, s, e);
        if word.len() >= 7
            && is_password_shaped(word)
            && super::random::makeup(word).digit < word.len() / 2 + 1
            && !word.contains(&b'=')
            && !word.contains(&b'.')
            && !word.starts_with(b"PR#")
            && !issue_number(word)
            && !scan.hits.iter().rev().take(20).any(|h| h.start <= s && e <= h.end)
        {
            scan.mask(s, e, "password-shaped");
        }
    }
}

/// `Acker2018?`, `Silver550$`: a capitalised word, a number and a sign; nothing announces them.
pub(super) fn closing_signs(scan: &mut Scan<'_>) {
    let text = scan.text;
    for sign in memchr::memchr2_iter(b'$', b'?', text) {
        if !before(text, sign).is_ascii_digit()
            || !matches!(at(text, sign + 1), 0..=b' ' | b',' | b'.' | b'"' | b'\'' | b'`' | b')' | b';')
        {
            continue;
        }
        let digits = super::bytes::back_while(text, sign, 8, |b| b.is_ascii_digit());
        let start = super::bytes::back_while(text, digits, 24, |b| b.is_ascii_alphabetic());
        let word = slice(text, start, digits);
        let least = if at(text, sign) == b'?' { 3 } else { 2 };
        let opened =
            matches!(before(text, start), 0..=b' ' | b'"' | b'\'' | b'`' | b'(' | b'/' | b':' | b'=' | b'%' | b',');
        if opened
            && sign - digits >= least
            && word.len() >= 4
            && word.first().is_some_and(u8::is_ascii_uppercase)
            && word.iter().any(u8::is_ascii_lowercase)
        {
            scan.mask(start, sign + 1, "password-shaped");
        }
    }
}

/// `project!219`, `group/project!219`.
fn is_merge_request(word: &[u8]) -> bool {
    let Some(p) = word.iter().position(|&b| b == b'!') else { return false };
    let number = super::bytes::tail(word, p + 1);
    slice(word, 0, p).iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'/' | b'.'))
        && (1..=3).contains(&number.len())
        && number.iter().all(u8::is_ascii_digit)
}

/// `org/repo#123`, `page2#section`, `Foo#bar`: a sign with a number or a word alone behind it.
fn issue_number(word: &[u8]) -> bool {
    let Some(p) = word.iter().position(|&b| b == b'#') else {
        return word.ends_with(b"!") && word.iter().filter(|b| b.is_ascii_digit()).count() < 2
            || is_merge_request(word);
    };
    let head = slice(word, 0, p);
    let tail = super::bytes::tail(word, p + 1);
    !head.iter().any(u8::is_ascii_digit) && tail.iter().all(u8::is_ascii_digit)
        || tail.iter().all(|b| b.is_ascii_lowercase() || *b == b'-' || *b == b'_')
}
