//! Secrets told in sentences, command lines and directives: no operator between name and value.

use super::bytes::{at, back_while, before, find_word, line_end, line_start, next_line, skip_while, slice, trim};
use super::directive::{directive, directive_word, last_of_directive};
use super::harmless::{is_harmless, is_sentence};
use super::names::Promise;
use super::random::{is_random, is_uuid, makeup};
use super::scan::Scan;
use super::shapes::{is_passphrase, looks_like_name, machine_line, names_a_thing, strong_shape, unquoted};
use super::value::{Link, value};

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
    if is_harmless(content) || content.first() == Some(&b'-') && flag || content.starts_with(b"--") {
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
        && (content.contains(&b'_')
            || content.first().is_some_and(|b| b"[@-".contains(b))
            || before(text, found.start) == b'`' && content.iter().all(u8::is_ascii_alphabetic))
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
        promise == Promise::Secret && (is_told(content) || is_passphrase(content))
            || promise == Promise::Maybe && is_random(content, 16) && !is_uuid(content) && !makeup(content).is_hex()
    };
    if tell {
        scan.mask(found.start, found.end, "argument");
    }
    tell
}

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
    let (mut start, mut end) = trim(text, line, line_end(text, line));
    // `2) "X"`: the answer of `redis-cli` below `1) "requirepass"`.
    if matches!(slice(text, start, start + 4), [b'0'..=b'9', b')', b' ', b'"']) && before(text, end) == b'"' {
        (start, end) = (start + 4, end - 1);
    }
    let numbered = before(text, start) == b'"';
    let content = slice(text, start, end);
    if numbered && content.len() > 3 && !is_harmless(content) {
        scan.mask(start, end, "command-output");
        return;
    }
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
    let mut content = unquoted(content);
    // `**Bold.**` of Markdown.
    if let Some(word) = content.strip_suffix(b"**") {
        content = word.strip_suffix(b".").unwrap_or(word);
    }
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
