//! PEM and its relatives, whole or cut at either end, on lines or escaped into one.

use super::bytes::{
    at, back_while, find_word, is_base64, line_end, line_start, next_line, skip_while, slice, starts_with, trim,
};
use super::scan::Scan;

/// Longest armoured block looked at.
const LONGEST: usize = 64 * 1024;

/// At `-----BEGIN`: masks the body of private material, notes public material.
pub(super) fn begin(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let label_end =
        skip_while(text, end, |b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'.')).min(end + 64);
    let label = slice(text, end, label_end);
    let body = skip_while(text, label_end, |b| b == b'-');
    let window = slice(text, body, body + LONGEST);
    let closing = end_marker(window, label).map(|p| body + p);
    let next_begin = find_word(slice(text, body, closing.unwrap_or(body + 256)), b"-----BEGIN").map(|p| body + p);
    let stop = match (closing, next_begin) {
        (Some(stop), None) => stop,
        (_, Some(next)) => next,
        (None, None) => armour_end(text, body),
    };
    if is_public(label) {
        scan.public.push((start, stop));
        return;
    }
    if stop > body && slice(text, body, stop).iter().filter(|b| is_base64(**b)).count() >= 4 {
        let mut from = body;
        while matches!(at(text, from), b'\n' | b'\r') {
            from += 1;
        }
        scan.mask(from, stop, "pem");
    }
}

/// At `-----END`: masks the armoured lines before it when their head was cut off.
pub(super) fn end(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let label_end = skip_while(text, end, |b| b.is_ascii_alphanumeric() || b == b' ').min(end + 64);
    let label = slice(text, end, label_end);
    let from = armour_start(text, start);
    if from >= start {
        return;
    }
    if is_public(label) {
        scan.public.push((from, start));
    } else {
        scan.mask(from, start, "pem-tail");
    }
}

/// From the base64 head of a private key without its BEGIN line: the lines that follow it too.
pub(super) fn headless(scan: &mut Scan<'_>, start: usize) {
    let stop = armour_end(scan.text, start);
    if stop > start + 40 {
        scan.mask(start, stop, "pem-body");
    }
}

/// `PuTTY`'s `Private-Lines: n`.
pub(super) fn putty(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let start = next_line(text, end);
    scan.mask(start, armour_end(text, start), "ppk");
}

fn is_public(label: &[u8]) -> bool {
    let has = |w: &[u8]| find_word(label, w).is_some();
    (has(b"CERTIFICATE")
        || has(b"PUBLIC")
        || has(b"PARAMETERS")
        || has(b"SIGNATURE")
        || has(b"CRL")
        || has(b"REQUEST")
        || has(b"SIGNED MESSAGE")
        || has(b"CMS")
        || has(b"PKCS7"))
        && !has(b"PRIVATE")
        || label.is_empty()
        || find_word(label, b"TEST").is_some() && !has(b"KEY")
}

fn end_marker(window: &[u8], label: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(p) = memchr::memmem::find(slice(window, from, window.len()), b"-----END") {
        let at_label = from + p + 8;
        let name = slice(window, at_label, at_label + label.len() + 1);
        if starts_with(name, label)
            || starts_with(super::bytes::tail(name, 1), super::bytes::tail(label, 1))
            || label.is_empty()
        {
            return Some(from + p);
        }
        from = at_label;
    }
    None
}

/// Where armour without an END line stops: at the first line, real or escaped, that is not armour.
fn armour_end(text: &[u8], start: usize) -> usize {
    let limit = text.len().min(start + LONGEST);
    let mut stop = start;
    let mut i = start;
    while i < limit {
        let gap = separator_end(text, i);
        let run = skip_while(text, gap, |b| is_base64(b) || b == b'=');
        let header = [&b"Proc-Type"[..], b"DEK-Info", b"Comment", b"Version", b"Hash"]
            .iter()
            .any(|h| starts_with(super::bytes::tail(text, gap), h));
        if header {
            i = line_end(text, gap)
                .min(slice(text, gap, limit).windows(2).position(|w| w == b"\\n").map_or(limit, |p| gap + p));
            continue;
        }
        let length = run - gap;
        let wordlike = length < 20
            && !slice(text, gap, run).ends_with(b"=")
            && !matches!(at(text, run), b'\n' | b'\r' | b'\\' | b'"' | b'\'' | 0 | b'-' | b'<');
        if length == 0 || (wordlike && stop > start) || length < 4 && stop > start {
            break;
        }
        if length < 24
            && stop > start
            && !super::random::is_random(slice(text, gap, run), length.min(8))
            && !slice(text, gap, run).ends_with(b"=")
        {
            break;
        }
        stop = run;
        i = run;
    }
    stop.min(limit)
}

/// Where armour that ends at `stop` begins.
fn armour_start(text: &[u8], stop: usize) -> usize {
    let mut from = stop;
    for _ in 0..2000 {
        let gap = back_while(text, from, 12, |b| {
            b.is_ascii_whitespace() || matches!(b, b'\\' | b'"' | b'\'' | b'+' | b'>' | b'|' | b',' | b'-')
        });
        // The `n` of an escaped line break belongs to the break.
        let gap = if matches!(text.get(gap.saturating_sub(2)..gap), Some([b'\\', b'n' | b'r'])) {
            back_while(text, gap - 1, 8, |b| b == b'\\')
        } else {
            gap
        };
        let mut run = back_while(text, gap, 4096, |b| is_base64(b) || b == b'=');
        if at(text, run.saturating_sub(1)) == b'\\' && matches!(at(text, run), b'n' | b'r') && run < gap {
            run += 1;
        }
        let length = gap - run;
        if length < 4 || (from < stop && length < 30) {
            break;
        }
        // A line with other words on it is not armour.
        let line = line_start(text, run);
        if slice(text, line, run).iter().filter(|b| b.is_ascii_alphanumeric()).count() > 40 && length < 30 {
            break;
        }
        from = run;
        if run == 0 {
            break;
        }
    }
    from
}

/// Skips what may stand between two armour lines: breaks (also escaped), quotes, prefixes of
/// logs, mails and diffs.
fn separator_end(text: &[u8], i: usize) -> usize {
    let mut p = i;
    for _ in 0..24 {
        let q = match at(text, p) {
            b'\\' if matches!(at(text, p + 1), b'n' | b'r' | b't') => p + 2,
            b'\\' | b'"' | b'\'' | b'\n' | b'\r' | b' ' | b'\t' | b'>' | b'|' | b'`' | b',' => p + 1,
            b'+' | b'-' | b'.'
                if matches!(super::bytes::before(text, p), b'\n' | b' ')
                    && matches!(at(text, p + 1), b' ' | b'\n' | b'"') =>
            {
                p + 1
            }
            b'%' if matches!(slice(text, p, p + 3), b"%0A" | b"%0a" | b"%0D" | b"%0d") => p + 3,
            b'<' if starts_with(super::bytes::tail(text, p), b"<br") => skip_while(text, p, |b| b != b'>') + 1,
            b'&' if starts_with(super::bytes::tail(text, p), b"&#10;") => p + 5,
            _ => return p,
        };
        p = q;
    }
    let (p, _) = trim(text, p, p);
    p
}
