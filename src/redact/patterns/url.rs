//! Secrets in addresses: user information, query parameters, paths that are themselves the key.

use super::bytes::{at, back_while, before, line_end, skip_while, slice, starts_with, tail};
use super::harmless::is_harmless;
use super::random::{is_random, is_uuid, makeup};
use super::scan::Scan;

/// At `://`: the user information, if any.
pub(super) fn address(scan: &mut Scan<'_>, _start: usize, end: usize) {
    let text = scan.text;
    let limit =
        skip_while(text, end, |b| b > b' ' && !matches!(b, b'"' | b'<' | b'>' | b'`' | 0x7f)).min(line_end(text, end));
    let whole = slice(text, end, limit);
    let stop = whole.iter().position(|b| matches!(b, b'/' | b'?' | b'#' | b'\\' | b'\'')).unwrap_or(whole.len());
    let authority = slice(whole, 0, stop);
    let sign = if let Some(sign) = memchr::memrchr(b'@', authority) {
        sign
    } else {
        // An unencoded `/`, `?` or `#` in the password: the authority then looks like `user:not-a-port`.
        let colon = memchr::memchr(b':', authority);
        let port = colon.is_none_or(|c| tail(authority, c + 1).iter().all(u8::is_ascii_digit));
        let Some(sign) = whole
            .iter()
            .position(|&b| b == b'@')
            .filter(|s| !port && *s < 200 && !slice(whole, 0, *s).contains(&b'\''))
        else {
            return;
        };
        sign
    };
    user_information(scan, end, end + sign);
}

/// `user:password` between two positions; a lone user only if it looks generated.
pub(super) fn user_information(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let info = slice(text, start, end);
    let (from, content) = match memchr::memchr(b':', info) {
        Some(colon) => (start + colon + 1, tail(info, colon + 1)),
        None if is_random(info, 16) || (info.len() >= 20 && makeup(info).is_hex()) => (start, info),
        None => return,
    };
    if !is_harmless(content) && !is_placeholder_userinfo(content) && content != b"//" {
        scan.mask(from, end, "url-password");
    }
    // `token:x-oauth-basic@`: the user is the secret.
    if let Some(colon) = memchr::memchr(b':', info) {
        let user = slice(info, 0, colon);
        if is_random(user, 16) || (user.len() >= 24 && makeup(user).is_hex()) {
            scan.mask(start, start + colon, "url-user");
        }
    }
}

/// `user:password@tcp(host)`, `user:pw@host` without a scheme. `sign` is the `@`.
pub(super) fn bare_user_information(scan: &mut Scan<'_>, sign: usize, sure: bool) {
    let text = scan.text;
    let start = back_while(text, sign, 120, |b| {
        b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'=' | b'(' | b',' | b'[' | b'{')
    });
    let info = slice(text, start, sign);
    let Some(colon) = memchr::memchr(b':', info).or_else(|| memchr::memchr(b'/', info).filter(|_| sure)) else {
        return;
    };
    let (user, password) = (slice(info, 0, colon), tail(info, colon + 1));
    if user.is_empty()
        || info.ends_with(b"@")
        || starts_with(password, b"//")
        || password.len() < 4
        || is_harmless(password)
        || !user.iter().all(|&b| b.is_ascii_alphanumeric() || b"._-\\".contains(&b))
    {
        return;
    }
    if sure || super::prose::is_told(password) && !password.contains(&b'/') {
        scan.mask(start + colon + 1, sign, "user-password");
    }
}

/// `anna@example.org | X`: a password beside an address.
pub(super) fn behind_address(scan: &mut Scan<'_>, sign: usize) {
    let text = scan.text;
    let end = skip_while(text, sign + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let from = skip_while(text, end, |b| matches!(b, b' ' | b'|' | b'/' | b':' | b'\t' | b'*'));
    if from == end || from > end + 4 || !slice(text, end, from).iter().any(|b| matches!(b, b'|' | b'/' | b':' | b'*')) {
        return;
    }
    let stop = skip_while(text, from, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b',' | b'|'));
    if super::calls::is_password_shaped(slice(text, from, stop)) && !slice(text, from, stop).contains(&b'.') {
        scan.mask(from, stop, "user-password");
    }
}

/// True at the `@` of `user:pw@host`: what follows is a host.
pub(super) fn host_follows(text: &[u8], sign: usize) -> bool {
    let stop = skip_while(text, sign + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let host = slice(text, sign + 1, stop);
    let dotted = host.contains(&b'.') && host.iter().any(u8::is_ascii_alphanumeric);
    host.len() > 2
        && (dotted
            || host.eq_ignore_ascii_case(b"localhost")
            || matches!(at(text, stop), b':' | b'/') && at(text, stop + 1).is_ascii_alphanumeric())
        && !starts_with(host, b"sha256")
        && !host.first().is_some_and(|b| b.is_ascii_digit() && !dotted)
        && !is_version(host)
}

/// At `?name=` or `&name=`: the value of a parameter that is secret in addresses.
pub(super) fn parameter(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let stop = skip_while(text, end, |b| {
        b > b' ' && !matches!(b, b'&' | b'"' | b'\'' | b'<' | b'>' | b'#' | b'`' | b';' | b'\\' | b')' | b',' | b'|')
    });
    let content = slice(text, end, stop);
    let made = makeup(content);
    let words = made.digit == 0 && made.oddness < 0.3;
    if content.len() >= 6 && !is_harmless(content) && !words && (made.digit < content.len() || content.len() == 6) {
        scan.mask(end, stop, "url-parameter");
    }
}

/// After the head of a capability address (`hooks.slack.com/`, `/webhooks/`, `/reset/`): every
/// generated path segment.
pub(super) fn capability(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let stop = skip_while(text, end, |b| {
        b > b' ' && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'?' | b'#' | b'`' | b'|' | b')' | b']' | b',' | b';')
    })
    .min(end + 600);
    if stop < end + 8 || !is_address(text, end) {
        return;
    }
    let mut start = end;
    while start < stop {
        let next = skip_while(text, start, |b| b != b'/' && b != b'\\').min(stop);
        let segment = slice(text, start, next);
        let segment_end = if segment.ends_with(b".") { next - 1 } else { next };
        let segment = segment.split(|&b| b == b'.').next().unwrap_or(segment);
        let made = makeup(segment);
        let generated = is_random(segment, 12)
            || is_uuid(segment)
            || (segment.len() >= 16 && made.is_hex() && made.digit > 0)
            || segment.len() > 16 && made.digit >= 3 && made.oddness > 0.25
            || made.digit == segment.len() && segment.len() >= 17
            || segment.len() >= 8 && made.digit > 0 && made.upper > 0 && made.lower > 0 && made.oddness > 0.3
            || segment.len() >= 10 && made.classes() >= 2 && made.oddness >= 0.45;
        if generated && !is_harmless(segment) {
            scan.mask(start, segment_end, "capability-url");
        }
        start = next + 1;
    }
}

/// True if the path that holds `i` belongs to an address or a request line, not to a file system.
fn is_address(text: &[u8], i: usize) -> bool {
    let start = back_while(text, i, 300, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'(' | b'<' | b'`'));
    let lead = slice(text, start, i);
    let method = slice(text, start.saturating_sub(8), start);
    memchr::memmem::find(lead, b"://").is_some()
        || memchr::memmem::find(lead, b":\\/\\/").is_some()
        || [&b"GET "[..], b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"PATCH "].iter().any(|m| method.ends_with(m))
        || (lead.first().is_some_and(u8::is_ascii_alphanumeric)
            && memchr::memchr(b'/', lead).is_some_and(|p| slice(lead, 0, p).contains(&b'.') && p > 4))
}

fn is_version(host: &[u8]) -> bool {
    host.iter().all(|b| b.is_ascii_digit() || *b == b'.') && host.iter().filter(|&&b| b == b'.').count() < 3
}

fn is_placeholder_userinfo(content: &[u8]) -> bool {
    content.len() < 2 && content != b"x"
        || matches!(content, b"pass" | b"PASS" | b"pw" | b"PASSWORD" | b"x-oauth-basic" | b"x")
        || before(content, content.len()) == b'$'
}
