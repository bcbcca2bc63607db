//! Tokens that issuers mark with a prefix. The rows live in `prefixes.tsv`.

use std::sync::OnceLock;

use super::bytes::{at, before, is_base64, skip_while, slice};
use super::random::is_random;
use super::scan::Scan;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    pub text: &'static str,
    class: Class,
    least: usize,
    random: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Alphanumeric,
    Word,
    Dotted,
    Base64,
    Hex,
    Upper,
    Lower,
    Groups,
    Text,
}

/// All rows.
pub(super) fn table() -> &'static [Prefix] {
    static TABLE: OnceLock<Vec<Prefix>> = OnceLock::new();
    TABLE.get_or_init(|| include_str!("prefixes.tsv").lines().filter_map(row).collect())
}

/// Masks the token whose prefix is row `index`, if its body fits.
pub(super) fn token(scan: &mut Scan<'_>, start: usize, end: usize, index: usize) {
    let Some(prefix) = table().get(index) else { return };
    let text = scan.text;
    if !boundary(text, start) && !matches!(prefix.text.as_bytes().first(), Some(b'.' | b'{' | b'+' | b'_')) {
        return;
    }
    let stop = skip_while(text, end, |b| prefix.class.holds(b));
    let body = slice(text, end, stop);
    let needed =
        if prefix.random { prefix.least } else { prefix.least.min(body.len().max(8)).max(prefix.least * 3 / 5) };
    if body.len() < needed || (prefix.random && !is_random(body, 10)) || is_sample(body) {
        return;
    }
    if prefix.text.len() <= 3 && !prefix.random && !body.iter().any(u8::is_ascii_digit) {
        return;
    }
    match prefix.text {
        "MIIEv"
        | "MIIEo"
        | "MIIJK"
        | "MIIJQ"
        | "MIIJJ"
        | "MIGHAgEA"
        | "MHcCAQEE"
        | "MC4CAQAw"
        | "b3BlbnNzaC1rZXktdjE"
        | "MIGkAgEB"
        | "MIIFHD"
        | "MIICXAIBAAKB"
        | "MIICXQIBAAKB"
        | "lQOY"
        | "lQdG"
        | "lFgE"
        | "lIYE"
        | "lQVY"
        | "lQIG" => {
            super::pem::headless(scan, start);
        }
        _ => {}
    }
    // The value after `AccountKey=` is masked, not its name.
    let from = if prefix.text.ends_with('=') || prefix.text.ends_with("{cipher}") { end } else { start };
    let from = if prefix.text == ".atlasv1." {
        super::bytes::back_while(text, start, 24, |b| b.is_ascii_alphanumeric())
    } else {
        from
    };
    // Padding belongs to the token.
    let stop = if prefix.class == Class::Base64 { skip_while(text, stop, |b| b == b'=') } else { stop };
    let stop = if matches!(prefix.class, Class::Dotted) {
        super::bytes::back_while(text, stop, stop - end, |b| b == b'.')
    } else {
        stop
    };
    scan.mask(from, stop, "token-prefix");
}

/// True if a token may begin at `start`: after anything but a letter or digit, and after the
/// ends of escape sequences.
pub(super) fn boundary(text: &[u8], start: usize) -> bool {
    let previous = before(text, start);
    if !previous.is_ascii_alphanumeric() {
        return true;
    }
    let second = start.checked_sub(2).map_or(0, |p| at(text, p));
    match previous {
        b'n' | b'r' | b't' if second == b'\\' => true,
        b'm' | b'K' => {
            let digits = super::bytes::back_while(text, start - 1, 12, |b| b.is_ascii_digit() || b == b';');
            before(text, digits) == b'['
        }
        _ => {
            start >= 3 && at(text, start - 3) == b'%' && second.is_ascii_hexdigit() && previous.is_ascii_hexdigit()
                || start >= 6 && slice(text, start - 6, start - 4) == b"\\u"
        }
    }
}

/// `ghp_xxxxxxxxxxxx`, `AKIAEXAMPLE…` stay readable in manuals.
fn is_sample(body: &[u8]) -> bool {
    let first = at(body, 0);
    body.len() >= 4
        && (body.iter().all(|&b| b == first)
            || body.windows(6).any(|w| w.eq_ignore_ascii_case(b"xxxxxx") || w == b"......" || w == b"******"))
}

impl Class {
    fn holds(self, b: u8) -> bool {
        match self {
            Self::Alphanumeric => b.is_ascii_alphanumeric(),
            Self::Word => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            Self::Dotted => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'),
            Self::Base64 => is_base64(b) || b == b'%',
            Self::Hex => b.is_ascii_hexdigit(),
            Self::Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Self::Lower => b.is_ascii_lowercase() || b.is_ascii_digit(),
            Self::Groups => b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-',
            Self::Text => b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b'\\' | 0x7f),
        }
    }
}

fn row(line: &'static str) -> Option<Prefix> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split('\t');
    let (text, class, least) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
    let kind = match class.as_bytes().first()? {
        b'a' => Class::Alphanumeric,
        b'w' => Class::Word,
        b'd' => Class::Dotted,
        b'b' => Class::Base64,
        b'h' => Class::Hex,
        b'u' => Class::Upper,
        b'l' => Class::Lower,
        b'k' => Class::Groups,
        _ => Class::Text,
    };
    Some(Prefix { text, class: kind, least, random: class.ends_with('?') })
}
