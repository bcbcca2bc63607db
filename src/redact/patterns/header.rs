//! HTTP credentials: `Authorization`, `Bearer`, `Basic`, cookies.

use super::bytes::{at, line_end, skip_blanks, skip_while, slice, starts_with, trim};
use super::harmless::is_harmless;
use super::judge::looks_generated;
use super::names::Promise;
use super::random::{is_random, makeup};
use super::scan::Scan;
use super::value::{Link, link, value};

/// At `authorization`: everything after the scheme.
pub(super) fn authorization(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let Some((operator, from)) = link(text, end) else { return };
    if operator == Link::Blank {
        return;
    }
    let found = value(text, from, operator);
    let Some(found) = found else { return };
    let stop = if found.quoted { found.end } else { header_end(text, found.start) };
    credentials(scan, found.start, stop);
}

/// A scheme and what follows it; a lone value is the credential itself.
fn credentials(scan: &mut Scan<'_>, start: usize, stop: usize) {
    let text = scan.text;
    let scheme_end = skip_while(text, start, |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_').min(stop);
    let after = skip_while(text, scheme_end, |b| matches!(b, b' ' | b'\t' | b':') || b == b'+').min(stop);
    let scheme = slice(text, start, scheme_end);
    let known = SCHEMES.iter().any(|s| scheme.eq_ignore_ascii_case(s));
    let (from, stop) = if known || (after > scheme_end && scheme.len() < 20 && !is_random(scheme, 12)) {
        trim(text, after, stop)
    } else {
        trim(text, start, stop)
    };
    let content = slice(text, from, stop);
    if is_harmless(content)
        || content.len() < 4
        || (!known && !content.iter().any(u8::is_ascii_digit) && !is_random(content, 8))
        || super::harmless::is_sentence(content)
    {
        return;
    }
    scan.mask(from, stop, "authorization");
}

/// At `bearer `, `basic `: the token, if it is one.
pub(super) fn scheme(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    if super::bytes::before(text, start).is_ascii_alphanumeric() && !super::prefix::boundary(text, start) {
        return;
    }
    let from = skip_while(text, end, |b| matches!(b, b' ' | b'"' | b'\'' | b':' | b'\\' | b'`' | b'='));
    let stop = skip_while(text, from, |b| b.is_ascii_alphanumeric() || b"-._~+/=:|%".contains(&b));
    let (from, stop) = trim_punctuation(text, from, stop);
    let content = slice(text, from, stop);
    let made = makeup(content);
    if content.len() < 8 || is_harmless(content) {
        return;
    }
    let told = made.digit > 0 && (made.oddness > 0.2 || made.digit > 3 || content.len() >= 16 && made.digit > 1)
        || made.oddness > 0.35
        || content.ends_with(b"=")
        || content.len() >= 12 && super::prose::is_told(content);
    if told {
        scan.mask(from, stop, "bearer");
    }
}

/// At `cookie:` or `set-cookie:`: the values that look generated or carry a secret name.
pub(super) fn cookie<'a>(scan: &mut Scan<'a>, end: usize) {
    let text: &'a [u8] = scan.text;
    let Some((operator, from)) = link(text, end) else { return };
    if operator == Link::Blank {
        return;
    }
    let Some(found) = value(text, from, operator) else { return };
    let stop = if found.quoted { found.end } else { header_end(text, found.start) };
    let mut start = found.start;
    while start < stop {
        let next = skip_while(text, start, |b| b != b';').min(stop);
        let (s, e) = trim(text, start, next);
        if let Some(p) = memchr::memchr(b'=', slice(text, s, e)) {
            let name = slice(text, s, s + p);
            let content = slice(text, s + p + 1, e);
            let attribute = [
                &b"path"[..],
                b"domain",
                b"expires",
                b"max-age",
                b"samesite",
                b"version",
                b"lang",
                b"locale",
                b"theme",
            ]
            .iter()
            .any(|a| name.eq_ignore_ascii_case(a));
            let promised = scan.promise(name);
            let told = promised == Promise::Secret && content.len() > 3
                || promised == Promise::Maybe && content.len() >= 6 && makeup(content).digit > 0;
            if !attribute
                && !is_harmless(content)
                && (told
                    || looks_generated(content)
                    || content.len() >= 16 && makeup(content).digit > 2 && makeup(content).oddness > 0.25)
            {
                scan.mask(s + p + 1, e, "cookie");
            }
        }
        start = next + 1;
    }
}

/// A header's value ends with its line, or with the quote that closes it.
fn header_end(text: &[u8], start: usize) -> usize {
    let limit = line_end(text, start);
    let quote = super::bytes::before(
        text,
        super::bytes::back_while(text, start, 60, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b' ' | b'=')
        }),
    );
    let mut i = start;
    while i < limit {
        let b = at(text, i);
        if (b == quote && matches!(b, b'"' | b'\''))
            || (b == b'\\' && matches!(at(text, i + 1), b'n' | b'r'))
            || b == 0x1b
            || (b == b'"'
                && matches!(at(text, i + 1), b' ' | b',' | b'}' | b']' | b'\n')
                && quote != b'"'
                && !slice(text, start, i).contains(&b'"'))
            || (b == b'\'' && matches!(at(text, i + 1), b' ' | b'\n'))
        {
            return i;
        }
        if b == b',' && at(text, skip_blanks(text, i + 1)) == b'"' || matches!(b, b'}' | b')' | b']') && i + 1 >= limit
        {
            return i;
        }
        i += 1;
    }
    limit
}

fn trim_punctuation(text: &[u8], start: usize, stop: usize) -> (usize, usize) {
    let mut stop = stop;
    while stop > start && matches!(super::bytes::before(text, stop), b'.' | b':' | b',' | b'|') {
        stop -= 1;
    }
    if starts_with(slice(text, start, stop), b"http") {
        return (start, start);
    }
    (start, stop)
}

const SCHEMES: &[&[u8]] = &[
    b"basic",
    b"bearer",
    b"digest",
    b"token",
    b"apikey",
    b"api-key",
    b"negotiate",
    b"ntlm",
    b"hawk",
    b"aws4-hmac-sha256",
    b"aws",
    b"sso-key",
    b"key",
    b"splunk",
    b"genie",
    b"geniekey",
    b"oauth",
    b"dpop",
    b"vapid",
    b"webpush",
    b"sharedkey",
    b"sharedaccesssignature",
    b"mac",
    b"signature",
    b"jwt",
    b"bot",
    b"discogs",
    b"pveapitoken",
    b"ssws",
    b"zoho-oauthtoken",
    b"googlelogin",
    b"x-api-key",
    b"hmac",
    b"hmac-sha256",
    b"tc3-hmac-sha256",
    b"kerberos",
    b"scram-sha-256",
    b"rest",
    b"app",
    b"user",
    b"client-id",
    b"deploy",
    b"elastic",
    b"snowflake",
    b"klaviyo-api-key",
    b"secret",
    b"password",
    b"service",
];
