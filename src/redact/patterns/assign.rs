//! Keys and their values in every notation: configuration, code, data, logs and prose.

use super::bytes::{
    at, back_while, before, find_word, is_name, line_end, line_start, skip_blanks, skip_while, slice, trim,
};
use super::harmless::{is_harmless, is_sentence};
use super::judge::judge;
use super::names::{self, Promise};
use super::scan::Scan;
use super::value::{Link, Value, link, value};
use super::{block, codes, prose, sentence, siblings, table, verdict};

/// Judges the identifier around a needle and masks its value.
pub(super) fn key(scan: &mut Scan<'_>, start: usize, end: usize) {
    if start < scan.judged {
        return;
    }
    let text = scan.text;
    // Some needles carry the sign that follows the name.
    let mut end = end;
    while end > start + 1 && !is_name(before(text, end)) {
        end -= 1;
    }
    let start = (start + usize::from(!is_name(at(text, start)))).min(end);
    let (name_start, name_end) = identifier(text, start, end);
    scan.judged = name_end;
    // Ordinary words and code go on without anything that links a value.
    let next = at(text, name_end);
    if next.is_ascii_alphanumeric() || next == 0 && name_end >= text.len() {
        return;
    }
    let promise = scan.promise(slice(text, name_start, name_end));
    if promise == Promise::Nothing {
        return;
    }
    if verdict::is_verdict(text, name_start, name_end) {
        return;
    }
    let (name_start, promise) = qualified(scan, name_start, name_end, promise);
    named(scan, name_start, name_end, promise);
}

/// At a label of several words (`clé secrète`, `safe combination`): its value.
pub(super) fn label(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    if is_name(before(text, start)) || is_name(at(text, end)) {
        return;
    }
    scan.judged = scan.judged.max(end);
    let coded = [&b"code"[..], b"codi", b"digo", b"combination", b"number", b"keypad"];
    if coded.iter().any(|w| find_word(slice(text, start, end), w).is_some()) && codes::code_within(scan, end, end) {
        return;
    }
    named(scan, start, end, Promise::Secret);
}

/// Takes the word before into the name where that says more: `API key`, `door code`.
fn qualified<'a>(scan: &mut Scan<'a>, name_start: usize, name_end: usize, promise: Promise) -> (usize, Promise) {
    let text: &'a [u8] = scan.text;
    let name = slice(text, name_start, name_end);
    let kind = ["key", "keys", "code", "lüssel", "luessel", "sleutel", "seed", "salt", "auth", "combination"]
        .iter()
        .any(|w| super::bytes::ends_with(name, w.as_bytes()));
    if promise != Promise::Maybe || before(text, name_start) != b' ' || !kind {
        return (name_start, promise);
    }
    // The key of a wireless network is what people type.
    let line = slice(text, line_start(text, name_start).max(name_start.saturating_sub(100)), name_end);
    if ["wlan", "wifi", "wi-fi", "ssid"].iter().any(|w| find_word(line, w.as_bytes()).is_some()) {
        return (name_start, Promise::Secret);
    }
    let end = name_start - 1;
    let start = back_while(text, end, 24, is_name);
    if start == end || end - start >= 24 {
        return (name_start, promise);
    }
    if names::is_code(slice(text, start, name_end)) && !names::is_code(slice(text, name_start, name_end)) {
        return (start, promise);
    }
    let public = [&b"public "[..], b"no ", b"any "].iter().any(|w| super::bytes::ends_with(slice(text, 0, start), w));
    let wider = scan.promise(slice(text, start, name_end));
    if wider == Promise::Secret && !public { (start, wider) } else { (name_start, promise) }
}

/// Finds the value of a name and masks it.
fn named(scan: &mut Scan<'_>, name_start: usize, name_end: usize, promise: Promise) {
    let text = scan.text;
    let next = at(text, name_end);
    // The next pair of a structured log line follows, not a value.
    if next == b' ' && at(text, name_start) != b'-' && !is_element(text, name_start) {
        let word_end = skip_while(text, name_end + 1, |b| b.is_ascii_lowercase() || b == b'_');
        if word_end > name_end + 1 && at(text, word_end) == b'=' {
            prose::before_label(scan, name_start, promise);
            return;
        }
    }
    // A word of running text between blanks.
    let in_prose = next == b' '
        && at(text, name_end + 1).is_ascii_lowercase()
        && before(text, name_start) == b' '
        && before(text, name_start - 1).is_ascii_lowercase();
    if in_prose {
        if promise == Promise::Maybe {
            if codes::one_time_code(scan, name_start, name_end, name_end + 1) {
                return;
            }
            let word_end = skip_while(text, name_end + 1, |b| b.is_ascii_lowercase());
            if !at(text, word_end).is_ascii_digit() {
                return;
            }
        }
        if !prose::blank_separated(scan, name_start, name_end, name_end + 1, promise) {
            sentence::at_distance(scan, name_end + 1, promise);
            prose::before_label(scan, name_start, promise);
        }
        return;
    }
    if siblings::value_of_name(scan, name_start, name_end, promise)
        || table::column(scan, name_start, name_end, promise)
    {
        return;
    }
    if next == b':' && before(text, name_start) == b':' && at(text, name_end + 1) != b' ' {
        return;
    }
    // `grep -Pw`: flags run together; `href="/user/password">`: the end of a path.
    if slice(text, name_start, name_end) == b"-Pw"
        || next == b'"' && at(text, name_end + 1) == b'>' && before(text, name_start) == b'/'
    {
        return;
    }
    if next == b' ' && is_element(text, name_start) {
        let close = skip_while(text, name_end, |b| !matches!(b, b'>' | b'<' | b'\n'));
        if at(text, close) == b'>' && before(text, close) != b'/' {
            linked(scan, (name_start, name_end), close + 1, Link::Equals, promise);
            return;
        }
    }
    // `add_argument("--password", default="X")`
    if at(text, name_start) == b'-' && matches!(next, b'"' | b'\'') && at(text, name_end + 1) == b',' {
        let rest = slice(text, name_end, name_end + 60);
        if let Some(p) = find_word(rest, b"default=") {
            linked(scan, (name_start, name_end), name_end + p + 8, Link::Equals, promise);
            return;
        }
    }
    let Some((link, from)) = link(text, name_end) else {
        prose::before_label(scan, name_start, promise);
        prose::printed(scan, name_end, promise);
        return;
    };
    if matches!(link, Link::Blank | Link::Argument) && !is_whole_key(text, name_start, name_end, link) {
        return;
    }
    match link {
        Link::Blank => {
            if codes::one_time_code(scan, name_start, name_end, from) {
                return;
            }
            if !prose::blank_separated(scan, name_start, name_end, from, promise) {
                sentence::at_distance(scan, from, promise);
                prose::before_label(scan, name_start, promise);
                prose::printed(scan, name_end, promise);
            }
        }
        _ if promise == Promise::Maybe && codes::one_time_code(scan, name_start, name_end, skip_blanks(text, from)) => {
        }
        _ => linked(scan, (name_start, name_end), from, link, promise),
    }
}

/// Masks what stands after a link, if the name's promise and the value agree.
pub(super) fn linked(scan: &mut Scan<'_>, name: (usize, usize), from: usize, link: Link, promise: Promise) {
    let text = scan.text;
    let at_value = skip_blanks(text, from);
    if promise == Promise::Secret && block::nested(scan, at_value, line_start(text, name.0)) {
        return;
    }
    let Some(found) = value(text, from, link) else {
        if promise == Promise::Secret && link == Link::Colon {
            prose::on_next_line(scan, from);
        }
        return;
    };
    if link == Link::Argument && !found.quoted {
        return;
    }
    // `TOKEN: &str = "…"`: a type stands between.
    if link == Link::Colon && !found.quoted && slice(text, found.end, found.end + 3) == b" = " {
        if let Some(found) = value(text, found.end + 3, Link::Equals).filter(|v| v.quoted) {
            judge(scan, name, found, Link::Equals, promise);
        }
        return;
    }
    // `getpass() or "X"`, `env.PW || 'X'`: a default after an expression.
    if !found.quoted && is_harmless(slice(text, found.start, found.end)) {
        let operator = skip_blanks(text, found.end);
        let default =
            ["or ", "|| ", "?? ", "?: "].into_iter().find(|w| super::bytes::word_at(text, operator, w.as_bytes()));
        if let Some(found) = default.and_then(|w| value(text, operator + w.len(), Link::Equals)).filter(|v| v.quoted) {
            judge(scan, name, found, Link::Equals, promise);
            return;
        }
    }
    let found = widen(text, name.0, found, link, promise);
    let hits = scan.hits.len();
    judge(scan, name, found, link, promise);
    if hits == scan.hits.len() && promise == Promise::Secret && link == Link::Colon && !found.quoted {
        sentence::in_sentence(scan, name.1);
    }
}

/// The name's extent: identifier bytes around the needle, without escape sequences before them.
fn identifier(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let mut from = back_while(text, start, 64, is_name);
    let to = skip_while(text, end, is_name);
    let to = if before(text, to) == b'.' || before(text, to) == b'-' { to - 1 } else { to }.min(end + 64).max(end);
    if from < start && before(text, from) == b'\\' && matches!(at(text, from), b'n' | b'r' | b't' | b'f' | b'b') {
        from += 1;
    }
    if before(text, from) == b'[' && matches!(before(text, from - 1), 0x1b | b'b' | b'e' | b'3') {
        from = skip_while(text, from, |b| b.is_ascii_digit() || b == b';').min(start);
        from += usize::from(at(text, from) == b'm' && from < start);
    }
    if before(text, from) == b'%' && from + 2 <= start {
        from += 2;
    }
    // Typographic quotes, bullets and arrows are not part of names.
    while from < start && matches!(slice(text, from, from + 3), [0xe2, ..]) {
        from = (from + 3).min(start);
    }
    let to = slice(text, end, to)
        .windows(3)
        .position(|w| matches!(w, [0xe2, _, _] | [0xef, 0xbc, _]))
        .map_or(to, |p| end + p);
    let to = slice(text, end, to).windows(2).position(|w| w == "»".as_bytes()).map_or(to, |p| end + p);
    (from, to)
}

/// Widens a bare value to the end of its line where the notation says so: a key at the start
/// of a line owns the line.
fn widen(text: &[u8], name_start: usize, found: Value, link: Link, promise: Promise) -> Value {
    if found.quoted || promise != Promise::Secret || at(text, found.end) != b' ' {
        return found;
    }
    let line = line_start(text, name_start);
    let lead = slice(text, line, name_start);
    if lead.len() > 12
        || lead.iter().any(|&b| b.is_ascii_alphanumeric() || b >= 0x80)
            && !matches!(lead, b"export " | b"ENV " | b"set ")
    {
        return found;
    }
    let (start, end) = trim(text, found.start, line_end(text, found.start));
    let rest = slice(text, start, end);
    let end = rest.windows(2).position(|w| w == b" #" || w == b" ;" || w == b" (").map_or(end, |p| start + p);
    let rest = slice(text, start, end);
    let words = rest.split(|&b| b == b' ').filter(|w| !w.is_empty()).count();
    let wordy = rest.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'\'') || b >= 0x80);
    let fits = (3..=26).contains(&words) && wordy && rest.iter().filter(|b| b.is_ascii_uppercase()).count() <= words;
    let spaced = words >= 2
        && rest.iter().any(u8::is_ascii_digit)
        && link == Link::Equals
        && rest.len() < 80
        && !rest.contains(&b'=');
    if (fits || spaced) && !is_sentence(rest) && !rest.split(|&b| b == b' ').take(1).any(is_harmless) {
        Value { end, ..found }
    } else {
        found
    }
}

/// Where only blanks or a comma follow, a quoted key must be the whole literal, and an argument
/// the first one of its call: `…/secret" "Mozilla/5.0` and `["password", "token"]` hold no value.
fn is_whole_key(text: &[u8], name_start: usize, name_end: usize, link: Link) -> bool {
    let closed = matches!(at(text, name_end), b'"' | b'\'' | b'`' | b'\\');
    let opened = matches!(before(text, name_start), b'"' | b'\'' | b'`');
    match link {
        Link::Argument if at(text, name_end) == b'(' || at(text, name_start) == b'-' => true,
        // (`verify_secret`, `run_smoke`): words of Markdown.
        Link::Argument if opened && before(text, name_start) == b'`' => false,
        // `VALUES (1, 'smtp_password', 'X')`
        Link::Argument
            if opened
                && before(text, name_start - 1) == b','
                && find_word(slice(text, line_start(text, name_start), name_start), b"values").is_some() =>
        {
            true
        }
        // `fill("#password", "X")`
        Link::Argument if closed && before(text, name_start) == b'#' => true,
        // `curl_setopt($c, CURLOPT_USERPWD, 'user:X')`
        Link::Argument if slice(text, name_start, name_end).iter().all(|b| b.is_ascii_uppercase() || *b == b'_') => {
            // `["DB_PASSWORD", "X"]`; the next of a list of names is no value.
            let next = value(text, skip_blanks(text, name_end + 1) + 1, Link::Argument);
            !opened || next.is_some_and(|next| prose::is_told(slice(text, next.start, next.end)))
        }
        Link::Argument => {
            opened && before(text, back_while(text, name_start - 1, 8, |b| matches!(b, b' ' | b'\\'))) == b'('
        }
        _ => !closed || opened,
    }
}

/// `<Password …` or `<ns:Password …`.
fn is_element(text: &[u8], name_start: usize) -> bool {
    match before(text, name_start) {
        b'<' => true,
        b':' => before(text, back_while(text, name_start - 1, 16, |b| b.is_ascii_alphanumeric())) == b'<',
        _ => false,
    }
}
