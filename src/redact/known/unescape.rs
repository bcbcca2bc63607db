//! Taking one level of escaping off a text: URL, JSON and source-code backslashes, HTML and XML, quoted-printable.

use super::view::View;

/// Decodes every escape once. Returns `None` when there was none.
pub(super) fn unescape(view: &View) -> Option<View> {
    let mut out = View::default();
    let mut at = 0;
    let mut changed = false;
    while let Some(&byte) = view.bytes.get(at) {
        if let Some(escape) = escape(view.bytes.get(at..).unwrap_or_default()) {
            changed = true;
            for decoded in escape.decoded() {
                out.push_from(*decoded, view, at, at + escape.length);
            }
            at += escape.length;
        } else {
            out.push_from(byte, view, at, at + 1);
            at += 1;
        }
    }
    changed.then_some(out)
}

/// Decodes `=XX` and removes soft line breaks (quoted-printable, RFC 2045 §6.7). Apart from the others, because `=` is common and followed by hex digits.
pub(super) fn quoted_printable(view: &View) -> Option<View> {
    let mut out = View::default();
    let mut at = 0;
    let mut changed = false;
    while let Some(&byte) = view.bytes.get(at) {
        let rest = view.bytes.get(at + 1..).unwrap_or_default();
        let soft = match rest {
            [b'\r', b'\n', ..] => Some(3),
            [b'\n', ..] => Some(2),
            _ => None,
        };
        let decoded = match rest {
            [high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match (byte, soft, decoded) {
            (b'=', Some(length), _) => {
                changed = true;
                at += length;
            }
            (b'=', None, Some(decoded)) => {
                changed = true;
                out.push_from(decoded, view, at, at + 3);
                at += 3;
            }
            _ => {
                out.push_from(byte, view, at, at + 1);
                at += 1;
            }
        }
    }
    changed.then_some(out)
}

/// One escape sequence: its length in the text and the bytes it stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Escape {
    pub length: usize,
    text: [u8; 4],
    bytes: usize,
}

impl Escape {
    fn byte(length: usize, byte: u8) -> Self {
        Self { length, text: [byte, 0, 0, 0], bytes: 1 }
    }

    fn character(length: usize, code: u32) -> Option<Self> {
        let character = char::from_u32(code)?;
        let mut text = [0; 4];
        let bytes = character.encode_utf8(&mut text).len();
        Some(Self { length, text, bytes })
    }

    pub(super) fn decoded(&self) -> &[u8] {
        self.text.get(..self.bytes).unwrap_or_default()
    }
}

/// The escape that starts here, if one does.
pub(super) fn escape(rest: &[u8]) -> Option<Escape> {
    match rest.first()? {
        b'%' => match rest {
            [_, high, low, ..] => Some(Escape::byte(3, hex(*high)? << 4 | hex(*low)?)),
            _ => None,
        },
        b'\\' => backslash(rest),
        b'&' => entity(rest),
        _ => None,
    }
}

pub(super) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn backslash(rest: &[u8]) -> Option<Escape> {
    let next = *rest.get(1)?;
    match next {
        b'x' | b'X' => {
            if rest.get(2) == Some(&b'{') {
                return braced(rest);
            }
            let high = hex(*rest.get(2)?)?;
            Some(match rest.get(3).copied().and_then(hex) {
                Some(low) => Escape::byte(4, high << 4 | low),
                None => Escape::byte(3, high),
            })
        }
        b'u' if rest.get(2) == Some(&b'{') => braced(rest),
        b'u' => {
            let code = digits(rest.get(2..6)?, 16)?;
            if (0xD800..0xDC00).contains(&code)
                && rest.get(6..8) == Some(b"\\u")
                && let Some(low) = rest.get(8..12).and_then(|low| digits(low, 16))
                && (0xDC00..0xE000).contains(&low)
            {
                return Escape::character(12, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            }
            Escape::character(6, code)
        }
        b'U' => Escape::character(10, digits(rest.get(2..10)?, 16)?),
        b'0'..=b'7' => {
            let octal = rest.get(1..)?.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
            let code = digits(rest.get(1..=octal)?, 8)?;
            Some(Escape::byte(1 + octal, u8::try_from(code).ok()?))
        }
        b'n' => Some(Escape::byte(2, b'\n')),
        b'r' => Some(Escape::byte(2, b'\r')),
        b't' => Some(Escape::byte(2, b'\t')),
        b'b' => Some(Escape::byte(2, 8)),
        b'f' => Some(Escape::byte(2, 12)),
        b'a' => Some(Escape::byte(2, 7)),
        b'v' => Some(Escape::byte(2, 11)),
        b'e' | b'E' => Some(Escape::byte(2, 0x1B)),
        b'\n' => Some(Escape { length: 2, text: [0; 4], bytes: 0 }),
        other if other.is_ascii_graphic() || other == b' ' => Some(Escape::byte(2, other)),
        _ => None,
    }
}

fn braced(rest: &[u8]) -> Option<Escape> {
    let inner = rest.get(3..)?;
    let length = inner.iter().take(8).position(|byte| *byte == b'}')?;
    Escape::character(length + 4, digits(inner.get(..length)?, 16)?)
}

fn entity(rest: &[u8]) -> Option<Escape> {
    let length = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = rest.get(1..length)?;
    let code = match name {
        [b'#', b'x' | b'X', hex @ ..] => digits(hex, 16)?,
        [b'#', decimal @ ..] => digits(decimal, 10)?,
        _ => u32::from(ENTITIES.iter().find(|(entity, _)| entity.as_bytes() == name)?.1),
    };
    Escape::character(length + 1, code)
}

fn digits(text: &[u8], radix: u32) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

/// The named references for ASCII characters (HTML Living Standard §13.5).
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("DiacriticalGrave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("VerticalLine", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("tilde", '~'),
];

/// Whether a byte can start an escape.
pub(super) fn starts_escape(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let view = View::of(text.as_bytes(), 0, text.len());
        let decoded = unescape(&view).map(|view| String::from_utf8_lossy(&view.bytes).into_owned());
        assert_eq!(decoded.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn every_notation_is_decoded() {
        check("a%2Fb%3a", "a/b:");
        check(r"a\/b\u0041\x42\103\n", "a/bABC\n");
        check("&lt;&#65;&#x42;&dollar;", "<AB$");
        check(r"\u{1F600}\ud83d\ude00", "😀😀");
        check("a\\\nb", "ab");
    }

    #[test]
    fn quoted_printable_joins_lines() {
        let view = View::of(b"ab=\nc=3Dd", 0, 9);
        assert_eq!(quoted_printable(&view).unwrap().bytes, b"abc=d");
    }
}
