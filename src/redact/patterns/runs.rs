//! Generated strings that no key and no prefix announces.

use super::bytes::{at, before, slice};
use super::names;
use super::public::{is_public_context, is_public_shape};
use super::random::{is_uuid, makeup};
use super::scan::Scan;
use crate::redact::blocks::{Runs, all, bits, each_block, is, within};

/// Shortest run looked at.
const SHORTEST: usize = 20;
/// Longer runs are data (images, archives), not tokens.
const LONGEST: usize = 700;

/// Masks every run of token characters that is generated and not of a public shape.
pub(super) fn scan_runs(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut runs = Runs::default();
    each_block(text, |at, block| {
        let ends = runs.ends(bits(block, is_run), SHORTEST);
        if ends != 0 {
            runs.before(ends, at, text, is_run, |found| run(scan, found.start, found.end));
        }
    });
}

/// Letters, digits and `_-+/.~=`.
#[inline]
fn is_run(eight: u64) -> u64 {
    let letters = within(eight | all(0x20), b'a', b'z');
    letters | within(eight, b'-', b'9') | is(eight, b'+') | is(eight, b'=') | is(eight, b'_') | is(eight, b'~')
}

/// Four counters of 16 bits for each byte: digits, upper case, lower case, letters beyond `f`.
static COUNTS: [u64; 256] = {
    let mut table = [0u64; 256];
    let mut b = 0;
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "evaluated at compile time; below 256"
    )]
    while b < 256 {
        let byte = b as u8;
        table[b] = byte.is_ascii_digit() as u64
            | (byte.is_ascii_uppercase() as u64) << 16
            | (byte.is_ascii_lowercase() as u64) << 32
            | ((byte.is_ascii_alphabetic() && byte.to_ascii_lowercase() > b'f') as u64) << 48;
        b += 1;
    }
    table
};

/// Ten letters and digits in a row, with at least three letters and a digit.
fn has_mixed_stretch(whole: &[u8]) -> bool {
    whole.split(|b| counts(*b) == 0).filter(|stretch| stretch.len() >= 10).any(|stretch| {
        let digits = stretch.iter().filter(|b| b.is_ascii_digit()).count();
        digits >= 1 && stretch.len() - digits >= 3
    })
}

/// `user:realm:` before a digest that ends its line, as in the files of `htdigest`.
fn is_digest_line(text: &[u8], start: usize, end: usize) -> bool {
    let lead = slice(text, super::bytes::line_start(text, start).max(start.saturating_sub(120)), start);
    let fields: Vec<&[u8]> = lead.split(|&b| b == b':').collect();
    matches!(fields.as_slice(), [user, realm, []] if is_user(user) && realm.first().is_some_and(|b| *b > b' ') && realm.len() < 48 && !is_checksum(user) && !is_checksum(realm))
        && matches!(at(text, end), b'\n' | b'\r' | 0)
}

fn is_checksum(name: &[u8]) -> bool {
    [&b"md5"[..], b"sha", b"etag", b"checksum", b"hash", b"digest", b"sum", b"id", b"commit"]
        .iter()
        .any(|w| super::bytes::find_word(name, w).is_some())
}

fn is_user(user: &[u8]) -> bool {
    user.first().is_some_and(u8::is_ascii_alphabetic)
        && user.len() < 40
        && user.iter().all(|&b| b.is_ascii_alphanumeric() || b"._@-".contains(&b))
}

/// One for each counter that the byte belongs to; nothing but letters and digits counts.
#[inline]
fn counts(b: u8) -> u64 {
    COUNTS.get(usize::from(b)).copied().unwrap_or(0)
}

fn run(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let whole = slice(text, start, end);
    // A counter holds what the first 32 KiB can count.
    let counts = whole.iter().take(32 * 1024).fold(0u64, |sum, b| sum + counts(*b));
    let [digits, upper, lower, beyond_hex] = [counts, counts >> 16, counts >> 32, counts >> 48].map(|c| c & 0xffff);
    if (beyond_hex < 8 || whole.starts_with(b"pat")) && special(whole, before(text, start)) {
        scan.mask(start, end, "generated");
        return;
    }
    if beyond_hex == 0 && end - start == 32 && is_digest_line(text, start, end) {
        scan.mask(start, end, "password-hash");
        return;
    }
    // Nothing without a digit or an upper-case letter is generated, and most runs are words;
    // hexadecimal alone says nothing.
    // Paths and identifiers have no long stretch of letters and digits together.
    if digits < 2 && upper < 4
        || beyond_hex == 0
        || upper < 6 && digits > 0 && !has_mixed_stretch(whole)
        || scan.public.iter().any(|&(s, e)| s <= start && end <= e)
    {
        return;
    }
    if upper >= 2 && lower >= 2 && end - start >= 24 {
        scan.encoded.push((start, end));
    }
    // `name=value` inside the run: the value is judged, the name helps.
    let mut from = start;
    for (p, &b) in whole.iter().enumerate() {
        if b == b'=' && start + p + 1 < end && at(text, start + p + 1) != b'=' {
            parts(scan, from, start + p);
            from = start + p + 1;
        }
    }
    parts(scan, from, end);
}

/// One run without names: as a whole if it is base64, else its parts between `/`, `.`, `~`.
fn parts(scan: &mut Scan<'_>, start: usize, end: usize) {
    if end < start + 16 {
        return;
    }
    let text = scan.text;
    let whole = slice(text, start, end);
    let slashes = whole.contains(&b'/') || whole.contains(&b'+');
    let trimmed_end = super::bytes::back_while(text, end, end - start, |b| matches!(b, b'.' | b'-' | b'_' | b'/'));
    let whole = if trimmed_end > start { slice(text, start, trimmed_end) } else { whole };
    if slashes && !whole.contains(&b'.') && !whole.contains(&b'~') && !pathlike(whole) {
        let made = makeup(whole);
        if made.classes() == 3 && made.oddness >= 0.36 && whole.len() >= SHORTEST {
            token(scan, start, start + whole.len());
            return;
        }
    }
    // `header.payload.signature` and the like: dotted tokens whose parts are all generated.
    let mut from = start;
    for p in start..=trimmed_end.max(start) {
        let b = at(text, p);
        if p == trimmed_end || matches!(b, b'/' | b'.' | b'~' | b'+') {
            if p >= from + 16 {
                token(scan, from, p);
            }
            from = p + 1;
        }
    }
}

/// Judges one candidate.
fn token(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let mut start = start;
    while start < end && matches!(at(text, start), b'-' | b'_' | b'=') {
        start += 1;
    }
    if before(text, start) == b'\\' && matches!(at(text, start), b'n' | b't' | b'r') {
        start += 1;
    }
    let content = slice(text, start, end);
    if content.len() > LONGEST
        || content.len() < 16
        || is_uuid(content)
        || !is_generated(content)
        || is_public_shape(text, start, end)
        || is_public_context(text, start)
    {
        return;
    }
    scan.mask(start, end, "generated");
}

/// The shape alone says that a program made it as a secret.
fn is_generated(content: &[u8]) -> bool {
    let body = content.strip_suffix(b"=").unwrap_or(content);
    let body = body.strip_suffix(b"=").unwrap_or(body);
    let made = makeup(body);
    if made.alnum() < SHORTEST && !(made.alnum() >= 18 && made.classes() == 3) {
        return false;
    }
    if is_license(body) {
        return true;
    }
    if made.classes() == 3 && made.digit > 1 && made.alnum() >= SHORTEST {
        let joints = made.other;
        // Segments of words joined by signs pull the oddness down; a token's do not.
        return made.oddness >= if joints > 2 { 0.42 } else { 0.36 } && longest_segment(body) >= 12;
    }
    // A vendor's prefix and a generated body: `acme_live_8f…`, `xy-…`.
    if let Some(joint) = body.iter().rposition(|b| matches!(b, b'_' | b'-')) {
        let head = slice(body, 0, joint);
        let tail = slice(body, joint + 1, body.len());
        let tail_made = makeup(tail);
        let vendor = head.len() >= 2
            && head.len() <= 24
            && at(head, 0).is_ascii_alphabetic()
            && head.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            && makeup(head).digit <= 2;
        if vendor && tail.len() >= SHORTEST {
            let underscore = at(body, joint) == b'_';
            let hex = tail_made.is_hex();
            return if hex {
                underscore
                    && tail.len() >= 24
                    && tail_made.digit > 2
                    && tail_made.lower + tail_made.upper > 2
                    && !names::is_public(head)
                    && !matches!(
                        head,
                        b"sha"
                            | b"sha256"
                            | b"sha1"
                            | b"md5"
                            | b"git"
                            | b"rev"
                            | b"build"
                            | b"release"
                            | b"backup"
                            | b"dump"
                            | b"cache"
                    )
            } else {
                tail_made.classes() >= 2 && tail_made.oddness >= 0.36 && tail_made.digit > 1
            };
        }
    }
    // One case and digits, beyond hexadecimal.
    made.classes() == 2
        && made.digit >= 3
        && made.other == 0
        && made.beyond_hex >= 3
        && made.oddness >= 0.4
        && made.alnum() >= 30
        || made.classes() == 2
            && made.digit == 0
            && made.oddness >= 0.45
            && made.alnum() >= 24
            && made.other <= 2
            && made.upper > 4
            && made.lower > 4
}

/// Groups of upper-case letters and digits, as on stickers: `7K3QD-9XPLM-…`.
pub(super) fn is_license(body: &[u8]) -> bool {
    let groups: Vec<&[u8]> = body.split(|&b| b == b'-').collect();
    let Some(first) = groups.first() else { return false };
    let made = makeup(body);
    groups.len() >= 4
        && (4..=8).contains(&first.len())
        && groups
            .iter()
            .all(|g| g.len() == first.len() && g.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        && made.upper > 2
        && made.digit > 1
        && made.oddness > 0.3
}

/// Hexadecimal with the mark of its issuer: Twilio, Mailchimp, Airtable, `PostgreSQL` and `MySQL` hashes.
fn special(whole: &[u8], previous: u8) -> bool {
    let hex = |from: usize, to: usize| {
        whole.get(from..to).is_some_and(|h| !h.is_empty() && h.iter().all(u8::is_ascii_hexdigit))
    };
    match whole.len() {
        40 => previous == b'*' && hex(0, 40) && !whole.iter().any(u8::is_ascii_lowercase),
        34 => (whole.starts_with(b"SK") || whole.starts_with(b"AC")) && hex(2, 34),
        35 if whole.starts_with(b"md5") => hex(3, 35) && matches!(previous, b'"' | b'\'' | b' '),
        36..=38 => hex(0, 32) && slice(whole, 32, 35) == b"-us",
        81..=82 => whole.starts_with(b"pat") && at(whole, 17) == b'.' && hex(18, 82),
        // The recovery key of a drive: eight groups of six digits.
        55 => whole.split(|&b| b == b'-').all(|group| group.len() == 6 && group.iter().all(u8::is_ascii_digit)),
        40..=44 if whole.ends_with(b"NRAL") => true,
        _ => false,
    }
}

/// Two parts that are words, numbers or checksums make a path.
fn pathlike(whole: &[u8]) -> bool {
    let named = whole
        .split(|b| matches!(b, b'/' | b'+'))
        .filter(|part| {
            let made = makeup(part);
            part.len() >= 3
                && (made.oddness < 0.12 && made.upper * 3 <= part.len()
                    || made.is_hex() && part.len() >= 12
                    || made.digit == part.len())
        })
        .count();
    named >= 2 || whole.first() == Some(&b'/') && named >= 1
}

fn longest_segment(body: &[u8]) -> usize {
    body.split(|b| matches!(b, b'-' | b'_' | b'.' | b'+' | b'/' | b'=')).map(<[u8]>::len).max().unwrap_or(0)
}
