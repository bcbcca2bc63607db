//! From the end of a key to the extent of its value, in any notation.

use super::bytes::{at, back_while, before, line_end, skip_blanks, skip_while, slice, starts_with, tail, word_at};

/// What stands between a key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// `=`, `=>`, `:=`, an XML tag, a serialised pair.
    Equals,
    /// `:` or an arrow, in data as in prose.
    Colon,
    /// A comma or parenthesis before a quoted value: `define('X', 'v')`.
    Argument,
    /// Blanks only.
    Blank,
}

/// The extent of a value in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
    /// True if a quote was opened and never closed.
    pub cut: bool,
}

/// Finds the link that follows a key ending at `i`, and where the value begins.
pub(super) fn link(text: &[u8], i: usize) -> Option<(Link, usize)> {
    let (closed, after) = close_key(text, i);
    if let Some(p) = serialised(text, after) {
        return Some((Link::Equals, p));
    }
    let p = skip_blanks(text, after);
    let rest = tail(text, p);
    for &(operator, ref link) in OPERATORS {
        if starts_with(rest, operator) {
            let mut next = p + operator.len();
            // `var_dump` puts the value on its own line.
            if operator == b"=>" && skip_blanks(text, next) == line_end(text, next) {
                next = skip_while(text, next, |b| b.is_ascii_whitespace());
            }
            return Some((*link, next));
        }
    }
    match at(text, p) {
        b'=' if at(text, p + 1) == b'=' => Some((Link::Equals, skip_while(text, p, |b| b == b'='))),
        b'=' => Some((Link::Equals, p + 1)),
        // LDIF marks base64 with a second colon.
        b':' if at(text, p + 1) == b':' => (at(text, p + 2) == b' ').then_some((Link::Equals, p + 2)),
        b':' => Some((Link::Colon, p + 1)),
        b'>' if closed == 0 || p == after => Some((Link::Equals, p + 1)),
        b',' | b'(' if is_quote(at(text, skip_blanks(text, p + 1))) => Some((Link::Argument, p + 1)),
        b'|' if p > after || closed > 0 => None,
        b'-' if p > after && starts_with(rest, b"--value") && matches!(at(text, p + 7), b'=' | b' ') => {
            Some((Link::Equals, p + 8))
        }
        b'R' | b'/' if p > after => Some((Link::Blank, registry_type(text, p).unwrap_or(p))),
        _ if p > after => Some((Link::Blank, p)),
        _ if is_quote(at(text, p)) => Some((Link::Blank, p)),
        _ => None,
    }
}

/// `name    REG_SZ    value` and `/v name /t REG_SZ /d value` of the Windows registry: past the type.
fn registry_type(text: &[u8], p: usize) -> Option<usize> {
    let flagged = starts_with(tail(text, p), b"/t ");
    let kind = if flagged { skip_blanks(text, p + 3) } else { p };
    if !starts_with(tail(text, kind), b"REG_") {
        return None;
    }
    let next = skip_blanks(text, skip_while(text, kind, |b| b.is_ascii_uppercase() || b == b'_'));
    Some(if flagged && starts_with(tail(text, next), b"/d ") { skip_blanks(text, next + 3) } else { next })
}

/// The value that begins at or after `i`.
pub(super) fn value(text: &[u8], i: usize, link: Link) -> Option<Value> {
    let mut p = skip_blanks(text, i);
    p = skip_wrappers(text, p);
    if let Some((quote_end, level, quote)) = opening_quote(text, p) {
        let (end, cut) = closing_quote(text, quote_end, level, quote);
        return (end > quote_end).then_some(Value { start: quote_end, end, quoted: true, cut });
    }
    if let Some(entity) = ENTITY_QUOTES.iter().find(|e| word_at(text, p, e)) {
        let start = p + entity.len();
        let limit = line_end(text, start);
        let end = (start..limit).find(|&e| word_at(text, e, entity)).unwrap_or(limit);
        return (end > start).then_some(Value { start, end, quoted: true, cut: false });
    }
    let end = bare_end(text, p, link);
    (end > p).then_some(Value { start: p, end, quoted: false, cut: false })
}

/// Where a bare value ends: at white space, or where the surrounding notation goes on.
fn bare_end(text: &[u8], start: usize, link: Link) -> usize {
    let limit = line_end(text, start).min(start + 4096);
    let percent = start >= 3 && matches!(slice(text, start - 3, start), [b'%', b'3', b'd' | b'D' | b'a' | b'A']);
    let mut open = 0usize;
    let mut i = start;
    while i < limit {
        let b = at(text, i);
        let next = at(text, i + 1);
        let stop = match b {
            b' ' | b'\t' | 0x1b | 0 | b'"' | b'`' => true,
            b'\'' => i > start,
            b'&' => {
                word_at(text, i, b"&quot;")
                    || word_at(text, i, b"&#")
                    || word_at(text, i, b"&lt;")
                    || parameter_follows(text, i + 1)
                    || word_at(text, i, b"&amp;") && parameter_follows(text, i + 5)
                    || next == b'&'
            }
            b';' => next == b' ' || i + 1 >= limit || pair_follows(text, i + 1) || next == b'}' || next == b'"',
            b',' => {
                next == b' '
                    || i + 1 >= limit
                    || next == b'"'
                    || next == b'\''
                    || pair_follows(text, i + 1)
                    || next == b'}'
                    || next == b']'
            }
            b'<' => next == b'/' || next == b'b' || (next == b'!' && link == Link::Equals),
            b'\\' => {
                matches!(next, b'n' | b'r' | b't' | b'"' | b'\\' | b'\'')
                    && (next != b'\\' || matches!(at(text, i + 2), b'n' | b'r' | b't' | b'"' | b'\\'))
                    || word_at(text, i, b"\\u00")
                    || word_at(text, i, b"\\x")
                    || word_at(text, i, b"\\033")
                    || i + 1 >= limit
            }
            b'%' => {
                percent
                    && i > start
                    && (word_at(text, i, b"%0A")
                        || word_at(text, i, b"%0D")
                        || word_at(text, i, b"%22")
                        || word_at(text, i, b"%26")
                        || word_at(text, i, b"%20")
                        || word_at(text, i, b"%2C"))
            }
            b'(' | b'[' | b'{' => {
                open += 1;
                false
            }
            b')' | b']' | b'}' if open > 0 => {
                open -= 1;
                false
            }
            b')' | b']' | b'}' => closes(text, i, limit),
            b'|' => i > start && before(text, i) == b' ',
            0xe2 => matches!(slice(text, i, i + 3), [0xe2, 0x80, 0x9c..=0x9f | 0xa6]),
            _ => false,
        };
        if stop {
            break;
        }
        i += 1;
    }
    // Sentence punctuation at the very end belongs to the sentence.
    while i > start + 1 && matches!(before(text, i), b',' | b';' | b':') {
        i -= 1;
    }
    if before(text, i) == b'.' && (i >= limit || at(text, i) == b' ') && i > start + 1 {
        i -= 1;
    }
    i
}

/// A bracket ends a bare value if only closing punctuation follows, or a new word.
fn closes(text: &[u8], i: usize, limit: usize) -> bool {
    let j = skip_while(text, i, |b| matches!(b, b')' | b']' | b'}' | b',' | b';' | b'.' | b'"' | b'\'')).min(limit);
    j >= limit || matches!(at(text, j), b' ' | b'\t' | b'\\' | b'<' | b':')
}

/// True if `name=` or `name:` stands at `i`, so that the byte before separates pairs.
fn pair_follows(text: &[u8], i: usize) -> bool {
    let i = skip_blanks(text, i);
    let end =
        skip_while(text, i, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']' | b' '))
            .min(i + 48);
    end > i && at(text, i).is_ascii_alphabetic() && matches!(at(text, end), b'=' | b':' | b'%')
}

/// True if `name=` of the next parameter stands at `i`.
fn parameter_follows(text: &[u8], i: usize) -> bool {
    let end =
        skip_while(text, i, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']' | b'%'));
    end > i && end < i + 64 && at(text, end) == b'='
}

const OPERATORS: &[(&[u8], Link)] = &[
    (b"=>", Link::Equals),
    (b":=", Link::Equals),
    (b"?=", Link::Equals),
    (b"+=", Link::Equals),
    (b"->", Link::Colon),
    (b"%3D%3D", Link::Equals),
    (b"%3D", Link::Equals),
    (b"%3A", Link::Colon),
    (b"\xe2\x86\x92", Link::Colon),
    (b"\xe2\x87\x92", Link::Colon),
    (b"\xef\xbc\x9a", Link::Colon),
    (b"\xe2\x80\x94", Link::Colon),
    (b"\xe2\x80\x93", Link::Colon),
    (b"&#61;", Link::Equals),
    (b"&gt;", Link::Equals),
    (b"<-", Link::Equals),
    (b"\\u003d", Link::Equals),
    (b"\\u003e", Link::Equals),
    (b"~>", Link::Equals),
    (b"- ", Link::Colon),
    (b"==>", Link::Equals),
    (b"&equals;", Link::Equals),
];

const ENTITY_QUOTES: &[&[u8]] = &[
    b"&quot;", b"&#34;", b"&#39;", b"&apos;", b"&#x27;", b"&#x22;", b"%22", b"%5D", b"%5d", b"\\u0022", b"\\u0027",
    b"\\x22", b"\\x27",
];

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// Skips what may close a key: quotes at any escape level, brackets, markup. Returns how much and where.
fn close_key(text: &[u8], i: usize) -> (usize, usize) {
    let mut p = i;
    for _ in 0..6 {
        if let Some(entity) = ENTITY_QUOTES.iter().find(|e| word_at(text, p, e)) {
            p += entity.len();
            continue;
        }
        let escapes = skip_while(text, p, |b| b == b'\\');
        if escapes > p && is_quote(at(text, escapes)) {
            p = escapes + 1;
            continue;
        }
        match at(text, p) {
            b'"' | b'\'' | b'`' | b']' | b'*' => p += 1,
            b'(' if slice(text, p, p + 4) == b"(s):" => p += 3,
            b'[' if slice(text, p, p + 2) == b"[]" => p += 2,
            b'[' => {
                // `password[0]`, `password[prod]`.
                let close = skip_while(text, p + 1, |b| b.is_ascii_alphanumeric() || b == b'_');
                if close > p && close < p + 24 && at(text, close) == b']' { p = close + 1 } else { break }
            }
            0xe2 if matches!(slice(text, p, p + 3), [0xe2, 0x80, 0x98..=0x9f]) => p += 3,
            _ => break,
        }
    }
    (p - i, p)
}

/// PHP's `s:8:"password";s:12:"…"` and plists' `</key><string>`.
fn serialised(text: &[u8], p: usize) -> Option<usize> {
    if at(text, p) == b';' && at(text, p + 1) == b's' && at(text, p + 2) == b':' {
        let digits = skip_while(text, p + 3, |b| b.is_ascii_digit());
        return (at(text, digits) == b':').then_some(digits + 1);
    }
    if word_at(text, p, b"</") {
        let close = skip_while(text, p + 2, |b| b.is_ascii_alphanumeric() || b == b':');
        if at(text, close) == b'>' && close < p + 24 {
            let open = skip_while(text, close + 1, |b| b.is_ascii_whitespace());
            if at(text, open) == b'<' && at(text, open + 1) != b'/' && at(text, open + 1) != b'!' {
                let end = skip_while(text, open + 1, |b| b != b'>' && b != b'\n' && b != b'<');
                return (at(text, end) == b'>').then_some(end + 1);
            }
        }
    }
    None
}

/// Type annotations, string prefixes and wrapping calls before a literal.
fn skip_wrappers(text: &[u8], p: usize) -> usize {
    let mut p = p;
    for wrapper in [&b"<![CDATA["[..], b"[]byte(", b"!!str ", b"!!binary ", b"!unsafe ", b"**", b"*", b"&#34;"] {
        if word_at(text, p, wrapper) && (at(text, p + wrapper.len()) != b'*') {
            p = skip_blanks(text, p + wrapper.len());
            break;
        }
    }
    // `b"…"`, `f'…'`, `string(12) "…"`, `Some("…")`, `new Secret("…")`, `(string) '…'`, `str '…'`.
    let word_end =
        skip_while(text, p, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'<' | b'>' | b'&'));
    let word = slice(text, p, word_end.min(p + 40));
    let open = skip_while(text, word_end, |b| matches!(b, b'(' | b' '));
    if is_quote(at(text, open)) && !word.is_empty() && word_end - p < 40 {
        if word_end == open && word.len() <= 2 && word.iter().all(u8::is_ascii_alphabetic) {
            return open;
        }
        let fetches = [
            &b"env"[..],
            b"getenv",
            b"get",
            b"environ",
            b"lookup",
            b"config",
            b"secret",
            b"t",
            b"__",
            b"_",
            b"input",
            b"prompt",
            b"getpass",
            b"file",
            b"read",
            b"fetch",
            b"param",
            b"settings",
            b"var",
            b"setting",
            b"query",
            b"open",
            b"require",
            b"import",
            b"find",
            b"select",
            b"load",
        ];
        let last = word.rsplit(|&b| matches!(b, b':' | b'.' | b'>')).next().unwrap_or(word);
        if at(text, word_end) == b'(' && !fetches.iter().any(|f| starts_with(last, f)) {
            return open;
        }
    }
    if word == b"string" && at(text, word_end) == b'(' {
        let close = skip_while(text, word_end + 1, |b| b.is_ascii_digit());
        if at(text, close) == b')' {
            return skip_blanks(text, close + 1);
        }
    }
    p
}

/// An opening quote at `p`: the position after it, its escape level, and the quote.
fn opening_quote(text: &[u8], p: usize) -> Option<(usize, usize, u8)> {
    let escapes = skip_while(text, p, |b| b == b'\\');
    let level = escapes - p;
    let quote = at(text, escapes);
    if is_quote(quote) && level <= 15 {
        let triple = quote != b'`' && at(text, escapes + 1) == quote && at(text, escapes + 2) == quote;
        return Some((escapes + if triple { 3 } else { 1 }, level, quote));
    }
    // Typographic quotes: the closing one differs, so the level marks them.
    match slice(text, p, p + 3) {
        [0xe2, 0x80, 0x9c | 0x9e | 0x98 | 0x9a] => Some((p + 3, TYPOGRAPHIC, 0xe2)),
        _ => (slice(text, p, p + 2) == "«".as_bytes()).then_some((p + 2, TYPOGRAPHIC, 0xc2)),
    }
}

const TYPOGRAPHIC: usize = 99;

/// The quote of the same level that ends the literal, or the end of the line if there is none.
fn closing_quote(text: &[u8], start: usize, level: usize, quote: u8) -> (usize, bool) {
    let limit = line_end(text, start).min(start + 16 * 1024);
    let mut i = start;
    while i < limit {
        let b = at(text, i);
        if level == TYPOGRAPHIC {
            if (b == 0xe2 && matches!(slice(text, i, i + 3), [0xe2, 0x80, 0x98..=0x9f]))
                || (b == 0xc2 && at(text, i + 1) == 0xbb)
            {
                return (i, false);
            }
        } else if b == quote {
            let first = back_while(text, i, 16, |b| b == b'\\').max(start);
            let escapes = i - first;
            // SQL and YAML double a single quote to mean one.
            let doubled =
                level == 0 && quote == b'\'' && at(text, i + 1) == b'\'' && at(text, i + 2).is_ascii_alphanumeric();
            if doubled {
                i += 2;
                continue;
            }
            if escapes == level || (level == 0 && escapes.is_multiple_of(2)) || escapes < level {
                return (first, false);
            }
        }
        i += 1;
    }
    (limit, true)
}
