//! Log-ins on the wire: SMTP, IMAP, POP3, FTP, Redis, and credentials told as a pair.

use super::bytes::{
    at, before, find_word, is_base64, line_end, line_start, next_line, skip_blanks, skip_while, slice, trim,
};
use super::cli::shell_word;
use super::harmless::is_harmless;
use super::random::makeup;
use super::scan::Scan;

/// At `auth plain`, `auth login`, `authenticate plain`, and at the server's `334`.
pub(super) fn smtp(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    base64_words(scan, end, line_end(text, end));
    // The answers to the prompts stand on the following lines.
    let mut line = next_line(text, end);
    for _ in 0..8 {
        if line >= text.len() {
            break;
        }
        let stop = line_end(text, line);
        let content = slice(text, line, stop);
        let reply = [&b"235"[..], b"535", b"500", b"501", b"250", b"a OK"]
            .iter()
            .any(|r| find_word(content, r).is_some_and(|p| p < 40));
        base64_words(scan, line, stop);
        if reply {
            break;
        }
        line = next_line(text, line);
    }
}

/// At `PASS `, `LOGIN `, `AUTH `: the last word of the protocol line.
pub(super) fn command(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let verb = slice(text, start, end);
    if verb.iter().any(u8::is_ascii_lowercase)
        || before(text, start).is_ascii_alphanumeric()
        || before(text, start) == b'_'
    {
        return;
    }
    let line = line_start(text, start);
    let lead = slice(text, line, start);
    let stop = line_end(text, end);
    let mut words = Vec::new();
    let mut i = skip_blanks(text, end);
    while i < stop && words.len() < 4 {
        let (s, e) = shell_word(text, i);
        words.push((s, e));
        i = skip_while(text, e, |b| matches!(b, b' ' | b'"' | b'\'')).max(i + 1);
    }
    let protocol = lead.is_empty()
        || lead
            .iter()
            .rev()
            .find(|b| **b != b' ')
            .is_some_and(|b| matches!(b, b'>' | b':' | b']' | b'<' | b'"' | b'\''))
        || lead.len() < 8 && lead.iter().any(u8::is_ascii_digit)
        || find_word(lead, b"redis").is_some()
        || find_word(lead, b"ftp").is_some()
        || find_word(lead, b"pop").is_some()
        || find_word(lead, b"imap").is_some();
    let wanted = match verb {
        b"LOGIN " => 2..=2,
        b"AUTH " => 1..=2,
        _ => 1..=1,
    };
    let told = words.last().is_some_and(|&(s, e)| super::prose::is_told(slice(text, s, e)));
    if !(protocol || told) || !wanted.contains(&words.len()) {
        return;
    }
    let Some(&(s, e)) = words.last() else { return };
    let content = slice(text, s, e);
    let all_words = content.iter().all(u8::is_ascii_uppercase);
    if !is_harmless(content)
        && content.len() >= 3
        && !all_words
        && !content.contains(&b'=')
        && !content.starts_with(b"test")
    {
        scan.mask(s, e, "login-dialog");
    }
}

/// `login: admin / S3cret`, `Zugangsdaten: admin:S3cret`, `credentials admin S3cret`.
pub(super) fn pair(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let from = skip_while(text, end, |b| matches!(b, b' ' | b':' | b'=' | b'*' | b'`' | b'"' | b'\'' | b'(' | b'\t'));
    if from == end {
        return;
    }
    if matches!(at(text, from), b'\n' | b'\r') {
        below_label(scan, from);
        return;
    }
    let from = ["are ", "sind ", "is ", "with ", "as ", "mit ", "for "]
        .iter()
        .find(|w| super::bytes::word_at(text, from, w.as_bytes()))
        .map_or(from, |w| from + w.len());
    let from = behind_label(text, from);
    let user_end = skip_while(text, from, |b| b.is_ascii_alphanumeric() || b"._-@+\\".contains(&b));
    let separator =
        skip_while(text, user_end, |b| matches!(b, b' ' | b'/' | b':' | b'|' | b',' | b'`' | b'"' | b'\'' | b'\t'));
    let signs = slice(text, user_end, separator);
    let joined = ["and ", "und ", "et ", "en ", "y ", "e "]
        .iter()
        .find(|w| signs == b" " && super::bytes::word_at(text, separator, w.as_bytes()));
    let separator = joined.map_or(separator, |w| separator + w.len());
    if user_end == from || !signs.iter().any(|b| matches!(b, b'/' | b':' | b'|' | b',')) && signs.len() > 1 {
        return;
    }
    let stop = skip_while(text, separator, |b| b > b' ' && !matches!(b, b'"' | b'`' | b',' | b')'))
        .min(line_end(text, separator));
    let content = slice(text, separator, stop);
    let content_end = if content.ends_with(b".") { stop - 1 } else { stop };
    // `user/X` may be a path, unless a label is before it.
    let labelled = before(text, from) == b' '
        && (matches!(before(text, from - 1), b':') || super::bytes::ends_with(slice(text, 0, from), b" is "))
        && !slice(text, separator, content_end).contains(&b'/');
    if super::prose::is_told(slice(text, separator, content_end))
        && (before(text, separator) != b'/' || signs.len() > 1 || labelled)
    {
        scan.mask(separator, content_end, "login-pair");
    }
    // `host / user / X`.
    let next = skip_while(text, stop, |b| matches!(b, b' ' | b'/' | b'|'));
    if next > stop && memchr::memchr2(b'/', b'|', slice(text, stop, next)).is_some() {
        let stop = skip_while(text, next, |b| b > b' ' && !matches!(b, b'"' | b'`' | b',' | b')'));
        if super::prose::is_told(slice(text, next, stop)) {
            scan.mask(next, stop, "login-pair");
        }
    }
}

/// A user and a password, each on a line of its own.
fn below_label(scan: &mut Scan<'_>, from: usize) {
    let text = scan.text;
    let first = next_line(text, from);
    let (s, e) = line_of(text, next_line(text, first));
    let (user_start, user_end) = line_of(text, first);
    let user = slice(text, user_start, user_end);
    let content = slice(text, s, e);
    if !user.is_empty() && !user.contains(&b' ') && !content.contains(&b' ') && super::prose::is_told(content) {
        scan.mask(s, e, "login-pair");
    }
}

/// `credentials for the staging host: anna:…`: past the words up to the label's colon.
fn behind_label(text: &[u8], from: usize) -> usize {
    let stop = skip_while(text, from, |b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-'));
    let words = slice(text, from, stop).split(|&b| b == b' ').count();
    if at(text, stop) == b':' && at(text, stop + 1) == b' ' && words <= 4 && stop < from + 48 {
        skip_blanks(text, stop + 1)
    } else {
        from
    }
}

/// Word lists behind labels: `seed phrase: …`, `mnemonic`, and recovery codes.
pub(super) fn phrase(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let mut i = end;
    // The list begins on this line or on one of the next two.
    for _ in 0..4 {
        let stop = line_end(text, i);
        let (s, e) = word_run(text, i, stop);
        if s < e {
            scan.mask(s, e, "seed-phrase");
            return;
        }
        i = next_line(text, i);
    }
    codes(scan, end);
}

/// Recovery codes: groups of letters and digits, one or more to a line.
pub(super) fn codes(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    // `G-123456 is your verification code`.
    let (s, _) = trim(text, line_start(text, end), end);
    let first = skip_while(text, s, |b| b > b' ');
    let word = slice(text, s, first);
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    if (4..=8).contains(&digits)
        && word.len() <= digits + 3
        && find_word(slice(text, first, end), b" is your").is_some()
    {
        scan.mask(s, first, "one-time-code");
    }
    let mut line = end;
    for row in 0..24 {
        let stop = line_end(text, line);
        let mut i = line;
        let mut any = false;
        while i < stop {
            let start = skip_while(text, i, |b| !b.is_ascii_alphanumeric()).min(stop);
            let close = skip_while(text, start, |b| b.is_ascii_alphanumeric() || b == b'-').min(stop);
            let word = slice(text, start, close);
            let made = makeup(word);
            let code = made.alnum() >= 6
                && word.len() <= 40
                && made.digit > 0
                && (made.oddness > 0.1 || made.digit >= 6)
                && !is_harmless(word)
                && !is_date(word);
            if code {
                scan.mask(start, close, "recovery-code");
                any = true;
            }
            i = close.max(start + 1);
        }
        if row > 1 && !any || stop >= text.len() {
            break;
        }
        line = next_line(text, line);
    }
}

/// `WIFI:T:WPA;S:name;P:X;;` of a QR code.
pub(super) fn wifi_code(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let fields = slice(text, end, line_end(text, end).min(end + 300));
    let Some(start) = find_word(fields, b";p:").map(|p| end + p + 3) else { return };
    let stop = skip_while(text, start, |b| b > b' ' && b != b';').min(end + fields.len());
    scan.mask(start, stop, "wifi-code");
}

/// `U: admin P: X`.
pub(super) fn short_pair(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let lead = slice(text, line_start(text, start), start);
    let (s, e) = shell_word(text, end);
    let user = [&b"u: "[..], b"user", b"login", b"benutzer"].iter().any(|w| find_word(lead, w).is_some());
    if user && lead.len() < 60 && super::prose::is_told(slice(text, s, e)) {
        scan.mask(s, e, "login-pair");
    }
}

/// `user worker on >X ~* +@all` of a Redis access list.
pub(super) fn acl_rule(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let (start, _) = trim(text, line_start(text, end), end);
    let stop = skip_while(text, end, |b| b > b' ' && b != b'"');
    let listed = find_word(slice(text, start, end), b"user ").is_some()
        || find_word(slice(text, start, end), b"setuser").is_some();
    if listed && stop > end + 3 && !is_harmless(slice(text, end, stop)) {
        scan.mask(end, stop, "acl");
    }
}

/// `<auth-user-pass>`: the user on the next line, the password on the one after.
pub(super) fn user_pass(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let (s, e) = line_of(text, next_line(text, next_line(text, end)));
    if !is_harmless(slice(text, s, e)) && at(text, s) != b'<' {
        scan.mask(s, e, "user-pass");
    }
}

/// `host:5432:database:user:X`, a whole line.
pub(super) fn pgpass(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let stop = line_end(text, end);
    let rest = slice(text, end, stop);
    let mut colons = memchr::memchr_iter(b':', rest);
    let Some(colon) = colons.nth(1).map(|p| end + p) else { return };
    let host = slice(text, line_start(text, start), start);
    let blanks = slice(text, end, colon).iter().chain(host).any(|b| *b == b' ' || *b == b'/');
    if !blanks && !is_harmless(slice(text, colon + 1, stop)) {
        scan.mask(colon + 1, stop, "pgpass");
    }
}

fn line_of(text: &[u8], i: usize) -> (usize, usize) {
    trim(text, i, line_end(text, i))
}

/// The last word of a line below a file's name whose lines are all secrets.
pub(super) fn secret_file(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let mut line = next_line(text, end);
    for _ in 0..40 {
        if line >= text.len() {
            break;
        }
        let (s, e) = trim(text, line, line_end(text, line));
        let content = slice(text, s, e);
        if content.first() != Some(&b'#') && !content.is_empty() && !content.starts_with(b"$") {
            let word = content.iter().rposition(|b| matches!(b, b' ' | b'\t' | b':')).map_or(s, |p| s + p + 1);
            let words = content.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).count();
            // chap-secrets end in an address column.
            let (word, stop) = if words >= 3
                && (content.ends_with(b"*")
                    || content.last().is_some_and(u8::is_ascii_digit) && content.contains(&b'.'))
            {
                let before_last = trim(text, s, word);
                let from = slice(text, s, before_last.1)
                    .iter()
                    .rposition(|b| matches!(b, b' ' | b'\t'))
                    .map_or(s, |p| s + p + 1);
                (from, before_last.1)
            } else {
                (word, e)
            };
            let (word, stop) = if matches!(at(text, word), b'"' | b'\'') && stop > word + 2 {
                (word + 1, stop - 1)
            } else {
                (word, stop)
            };
            let told = slice(text, word, stop);
            if words > 6 || (word == s && !super::prose::is_told(told)) {
                break;
            }
            if !is_harmless(told) && told.len() > 3 {
                scan.mask(word, stop, "secret-file");
            }
        }
        line = next_line(text, line);
    }
}

/// Base64 words of a protocol line that decode to text or credentials.
fn base64_words(scan: &mut Scan<'_>, from: usize, stop: usize) {
    let text = scan.text;
    let mut i = from;
    while i < stop {
        let start = skip_while(text, i, |b| !is_base64(b)).min(stop);
        let end = skip_while(text, start, |b| is_base64(b) || b == b'=').min(stop);
        let word = slice(text, start, end);
        let prompt = word.starts_with(b"VXNlcm5hbWU6") || word.starts_with(b"UGFzc3dvcmQ6");
        let made = makeup(word);
        if word.len() >= 8
            && word.len().is_multiple_of(4)
            && !prompt
            && made.classes() >= 2
            && (made.oddness > 0.2 || word.ends_with(b"="))
            && !word.contains(&b'-')
        {
            scan.mask(start, end, "login-dialog");
        }
        i = end.max(start + 1);
    }
}

/// Twelve or more lower-case words in a row, perhaps numbered.
fn word_run(text: &[u8], from: usize, stop: usize) -> (usize, usize) {
    let start = skip_while(text, from, |b| !b.is_ascii_alphanumeric()).min(stop);
    let mut words = 0;
    let mut first = None;
    let mut last = start;
    let mut i = start;
    while i < stop {
        let end = skip_while(text, i, |b| b.is_ascii_alphanumeric()).min(stop);
        let word = slice(text, i, end);
        if word.len() >= 3 && word.len() <= 8 && word.iter().all(u8::is_ascii_lowercase) {
            words += 1;
            first.get_or_insert(i);
            last = end;
        } else if !word.iter().all(u8::is_ascii_digit) {
            if words >= 11 {
                break;
            }
            words = 0;
            first = None;
        }
        i = skip_while(text, end, |b| {
            matches!(b, b' ' | b',' | b'.' | b')' | b'-' | b'"' | b'\'' | b'\t' | b'|' | b':')
        })
        .max(end + usize::from(end == i))
        .max(i + 1);
    }
    if words >= 11 { (first.unwrap_or(last), last) } else { (start, start) }
}

fn is_date(word: &[u8]) -> bool {
    word.len() == 10 && at(word, 4) == b'-' && at(word, 7) == b'-'
        || word.len() <= 8 && word.iter().all(u8::is_ascii_digit) && word.starts_with(b"20")
}
