//! Other readings of a text, each with the way back to its raw bytes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A derived text; byte `i` of it came from the raw bytes `raw(i)..raw(i + 1)`.
#[derive(Debug)]
pub(crate) struct View {
    /// The derived text.
    pub text: Vec<u8>,
    starts: Vec<usize>,
}

impl View {
    /// The raw range that the derived range `start..end` came from.
    pub(crate) fn raw(&self, start: usize, end: usize) -> (usize, usize) {
        let get = |i: usize| self.starts.get(i).or(self.starts.last()).copied().unwrap_or(0);
        (get(start), get(end))
    }

    fn new(capacity: usize) -> Self {
        Self { text: Vec::with_capacity(capacity), starts: Vec::with_capacity(capacity + 1) }
    }

    fn push(&mut self, byte: u8, from: usize) {
        self.text.push(byte);
        self.starts.push(from);
    }

    fn finish(mut self, end: usize) -> Self {
        self.starts.push(end);
        self
    }
}

/// The text without terminal control sequences, raw or spelled out; `None` if there are none.
pub(crate) fn without_ansi(text: &[u8]) -> Option<View> {
    let spelled = |t: &[u8]| {
        [&b"\\x1b["[..], b"\\u001b[", b"\\033[", b"\\e[", b"^[[", b"\\x1B[", b"\\u001B["]
            .iter()
            .find(|s| t.starts_with(s))
            .map(|s| s.len())
    };
    if !text.contains(&0x1b)
        && !memchr::memchr_iter(b'[', text).any(|at| {
            let before = at.checked_sub(3).and_then(|from| text.get(from..at)).unwrap_or_default();
            matches!(before, b"x1b" | b"01b" | b"033" | b"x1B" | b"01B")
        })
        && memchr::memmem::find(text, b"^[[").is_none()
    {
        return None;
    }
    let mut view = View::new(text.len());
    let mut i = 0;
    let mut changed = false;
    while let Some(&b) = text.get(i) {
        let rest = text.get(i..).unwrap_or_default();
        let opened = match rest {
            [0x1b, b'[', ..] => Some(2),
            [0x1b, b']', ..] => {
                let end = rest
                    .iter()
                    .position(|&b| b == 0x07)
                    .or_else(|| rest.windows(2).position(|w| w == b"\x1b\\").map(|p| p + 1))
                    .unwrap_or(1);
                i += end.min(512) + 1;
                changed = true;
                continue;
            }
            [0x1b, _, ..] => {
                i += 2;
                changed = true;
                continue;
            }
            _ if matches!(b, b'\\' | b'^') => spelled(rest),
            _ => None,
        };
        if let Some(opened) = opened {
            let parameters = rest.iter().skip(opened).take(32).take_while(|b| (0x20..0x40).contains(*b)).count();
            i += opened + parameters + 1;
            changed = true;
            continue;
        }
        view.push(b, i);
        i += 1;
    }
    changed.then(|| view.finish(text.len()))
}

/// The text with one level of JSON escapes resolved; `None` if it has none worth it.
pub(crate) fn unescaped(text: &[u8]) -> Option<View> {
    if !memchr::memchr_iter(b'\\', text).any(|at| matches!(text.get(at + 1), Some(b'u' | b'/' | b'x'))) {
        return None;
    }
    let mut view = View::new(text.len());
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        if b != b'\\' {
            view.push(b, i);
            i += 1;
            continue;
        }
        let (bytes, length) = escape(text.get(i + 1..).unwrap_or_default());
        for &byte in bytes.as_slice() {
            view.push(byte, i);
        }
        i += 1 + length;
    }
    Some(view.finish(text.len()))
}

/// What follows a backslash, and how many bytes it took.
fn escape(rest: &[u8]) -> (Vec<u8>, usize) {
    let code = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok());
    match rest {
        [b'u', ..] => match rest.get(1..5).and_then(code).and_then(char::from_u32) {
            Some(c) => (c.to_string().into_bytes(), 5),
            None => (vec![b'\\'], 0),
        },
        [b'x', ..] => match rest.get(1..3).and_then(code).and_then(|c| u8::try_from(c).ok()) {
            Some(b) => (vec![b], 3),
            None => (vec![b'\\'], 0),
        },
        [b'n', ..] => (vec![b'\n'], 1),
        [b'r', ..] => (vec![b'\r'], 1),
        [b't', ..] => (vec![b'\t'], 1),
        [b @ (b'"' | b'\\' | b'/' | b'\''), ..] => (vec![*b], 1),
        _ => (vec![b'\\'], 0),
    }
}

/// The text with percent escapes resolved; `None` if it has none of separators or quotes.
pub(crate) fn percent_decoded(text: &[u8]) -> Option<View> {
    let worth = memchr::memchr_iter(b'%', text).any(|at| {
        matches!(
            text.get(at + 1..at + 3),
            Some([b'3', b'a' | b'A' | b'd' | b'D' | b'f' | b'F'] | [b'4', b'0'] | [b'2', b'2' | b'6'])
        )
    });
    if !worth {
        return None;
    }
    let mut view = View::new(text.len());
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        let decoded = (b == b'%')
            .then(|| text.get(i + 1..i + 3))
            .flatten()
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        view.push(decoded.unwrap_or(b), i);
        i += if decoded.is_some() { 3 } else { 1 };
    }
    Some(view.finish(text.len()))
}

/// A run of base64, decoded, if it decodes to text; offsets are relative to the run.
pub(crate) fn base64_decoded(run: &[u8]) -> Option<View> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let trimmed = run.strip_suffix(b"=").unwrap_or(run);
    let trimmed = trimmed.strip_suffix(b"=").unwrap_or(trimmed);
    // A quantum of one character decodes to nothing.
    let usable = trimmed.len() - usize::from(trimmed.len() % 4 == 1);
    let input = trimmed.get(..usable)?;
    let alphabet =
        if input.iter().any(|b| matches!(b, b'-' | b'_')) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let text = GeneralPurpose::new(alphabet, config).decode(input).ok()?;
    let printable =
        text.iter().filter(|b| (0x20..0x7f).contains(*b) || matches!(b, b'\n' | b'\r' | b'\t') || **b >= 0xc2).count();
    if text.len() < 12 || printable * 100 < text.len() * 95 || std::str::from_utf8(&text).is_err() {
        return None;
    }
    let mut starts: Vec<usize> = (0..text.len()).map(|i| i / 3 * 4 + i % 3).collect();
    starts.push(run.len());
    Some(View { text, starts })
}
