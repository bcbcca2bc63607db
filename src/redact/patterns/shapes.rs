//! What a word of a sentence looks like: a name, a thing, a generated value.

use super::bytes::{find_word, line_start, slice, trim};
use super::directive::directive;
use super::harmless::is_harmless;
use super::random::{is_random, makeup};

/// True on lines of `.netrc` and on directives whose words are never prose.
pub(super) fn machine_line(text: &[u8], name_start: usize) -> bool {
    let near = slice(text, name_start.saturating_sub(64), name_start);
    if near.len() == 64 && memchr::memchr(b'\n', near).is_none() {
        return false;
    }
    let start = line_start(text, name_start);
    let (from, to) = trim(text, start, name_start);
    let lead = slice(text, from, to);
    lead.is_empty() || directive(lead, &[]) || find_word(lead, b"login ").is_some()
}

/// `secret "shop-db"`, `key "users"`: things that have names, unlike passwords.
pub(super) fn names_a_thing(name: &[u8]) -> bool {
    [&b"secret"[..], b"token", b"key", b"credential", b"secrets", b"credentials"]
        .iter()
        .any(|w| super::bytes::ends_with(name, w))
}

/// `velvet-orbit-fenster-winter`: four words or more, as passphrase generators join them.
pub(super) fn is_passphrase(content: &[u8]) -> bool {
    let sign = content.iter().copied().find(|b| !b.is_ascii_alphabetic());
    let words: Vec<&[u8]> = content.split(|&b| Some(b) == sign).collect();
    matches!(sign, Some(b'-' | b'.' | b'_' | b' '))
        && (4..=12).contains(&words.len())
        && words.iter().all(|w| {
            (3..=10).contains(&w.len())
                && w.iter().skip(1).all(u8::is_ascii_lowercase)
                && w.iter().all(u8::is_ascii_alphabetic)
                && !super::names::is_status(&String::from_utf8_lossy(w).to_lowercase())
        })
}

pub(super) fn strong_shape(content: &[u8]) -> bool {
    !is_harmless(content)
        && (is_random(content, 12) || makeup(content).is_hex() && content.len() >= 24 && makeup(content).digit > 2)
}

pub(super) fn unquoted(content: &[u8]) -> &[u8] {
    match content {
        [b'`' | b'"' | b'\'' | b'(', inner @ .., b'`' | b'"' | b'\'' | b')'] => inner,
        [inner @ .., b'.' | b',' | b'!' | b')' | b'?'] if inner.len() > 5 => inner,
        _ => content,
    }
}

/// Longer words with one digit at the end are rarely the name of a host or a thing, but often two words and a digit.
const LONGEST_NUMBERED: usize = 11;

/// Names of things: `v1.2.3`, `sha256`, `db-1`, `RFC6749`, `api/v1`, `2024-01-02`, `10.0.0.1`, `node-3.example.org`.
pub(super) fn looks_like_name(content: &[u8]) -> bool {
    let made = makeup(content);
    let letters = made.upper + made.lower;
    if content.iter().all(|b| b.is_ascii_digit() || b".:-/+TZ%,_".contains(b))
        && !(content.len() >= 6 && content.len() <= 8 && made.digit == content.len())
    {
        return true;
    }
    let tail_digits = content.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    // Words joined by signs of paths, hosts and identifiers, with short numbers.
    let joined = content.iter().all(|&b| b.is_ascii_alphanumeric() || b"._-/:@#()[]<>,".contains(&b));
    let has_joint = content.iter().any(|b| b"._-/:()[]<>,".contains(b));
    let mixed = made.upper > 0 && made.lower > 0 && made.digit > 0 && !content.iter().any(|b| b"/:.(<[".contains(b));
    joined && has_joint && !mixed && !shouted(content) && made.oddness < 0.22 && made.digit <= 4
        || letters > 0
            && made.digit == tail_digits
            && made.digit <= 1
            && made.oddness < 0.2
            && made.other == 0
            && letters < LONGEST_NUMBERED
        || starts_upper_number(content)
        || matches!(content.get(..2), Some([b'v', b'0'..=b'9'])) && content.contains(&b'.')
        || content.contains(&b'(') && content.ends_with(b")")
}

/// `HARBOR.cactus1`: a word in capitals joined to a longer one that ends in a digit, as no file or host is called.
fn shouted(content: &[u8]) -> bool {
    let mut parts = content.split(|b| matches!(b, b'.' | b'-' | b'_'));
    let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return false };
    // `Meadow.castle.17`, `rabbit-meadow-51`
    if let Some(third) = parts.next() {
        let least = if first.first().is_some_and(u8::is_ascii_uppercase) { 4 } else { 5 };
        return parts.next().is_none()
            && [first, second].iter().all(|w| w.len() >= least && w.iter().all(u8::is_ascii_alphabetic))
            && (2..=4).contains(&third.len())
            && third.iter().all(u8::is_ascii_digit);
    }
    first.len() >= 3
        && first.iter().all(u8::is_ascii_uppercase)
        && second.len() >= 5
        && second.first().is_some_and(u8::is_ascii_lowercase)
        && second.last().is_some_and(u8::is_ascii_digit)
}

/// `RFC6749`, `SHA256`, `OAuth2`, `HTTP2`, `E2E`.
pub(super) fn starts_upper_number(content: &[u8]) -> bool {
    let upper = content.iter().take_while(|b| b.is_ascii_uppercase()).count();
    upper >= 2 && content.len() <= upper + 5 && content.iter().skip(upper).all(|b| b.is_ascii_digit() || *b == b'-')
        || [
            &b"oauth2"[..],
            b"pbkdf2",
            b"base64",
            b"utf-8",
            b"utf8",
            b"sha1",
            b"argon2id",
            b"ed25519",
            b"pkcs8",
            b"pkcs12",
            b"x509",
            b"http2",
            b"oauth2.0",
            b"2fa",
            b"k8s",
            b"s3",
            b"aes256",
            b"hs256",
            b"rs256",
            b"ipv4",
            b"ipv6",
            b"md5crypt",
            b"sha512crypt",
        ]
        .iter()
        .any(|w| content.eq_ignore_ascii_case(w))
        || content.starts_with(b"PKCS")
        || content.strip_prefix(b"#").is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
        || [&b"poly1305"[..], b"chacha20", b"salsa20", b"25519", b"aarch64", b"x86_64", b"blake2"]
            .iter()
            .any(|w| find_word(content, w).is_some())
}
