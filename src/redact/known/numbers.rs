//! Values written byte by byte as numbers: hex pairs with separators, `0x` lists, decimal and octal lists, and the layouts of `xxd`, `od` and `hexdump`.

use super::super::mask::Span;
use super::probe::{is_listed, list_length};
use super::rows::{FEWEST, Least, is_numeral, longest_rows};
use super::unescape::hex;
use super::view::View;

/// The farthest a list is followed from where it was noticed, in bytes.
const FARTHEST: usize = 16 * 1024;

/// The lists of a text, decoded.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub views: Vec<View>,
    /// Where the dump begins that was decoded last.
    dump: Option<usize>,
}

impl Lists {
    /// Appends the decoded bytes of the list around `at`, once for each way of reading its numbers. Returns where the list ends.
    pub(super) fn read(&mut self, text: &[u8], at: usize, least: Least) -> usize {
        let before = text.get(at.saturating_sub(FARTHEST)..at).unwrap_or_default();
        let (back, digits_before) = list_length(before.iter().rev());
        let start = at - back;
        let after = text.get(at..(start + 2 * FARTHEST).min(text.len())).unwrap_or_default();
        let (ahead, digits_after) = list_length(after.iter());
        let end = at + ahead;
        // Every notation takes two digits for a byte at least.
        if digits_before + digits_after < 2 * FEWEST {
            return end;
        }
        let rows = longest_rows(text.get(start..end).unwrap_or_default(), least);
        if rows.of_any < FEWEST {
            return end;
        }
        // A dump breaks a value into lines, and what stands beside one may end the row.
        let dump = dump_start(text, start, at);
        if rows.of_needles < least.bytes && dump.is_none() {
            return end;
        }
        List::run(text, start, end).decode(text, &mut self.views);
        match dump.filter(|_| self.dump != dump) {
            Some(from) => {
                self.dump = dump;
                let dump = List::dump(text, from);
                dump.decode(text, &mut self.views);
                // One that only follows has lists of its own.
                if from < end { end.max(dump.end) } else { end }
            }
            None => end,
        }
    }
}

/// The start of the dump that `at` lies in: lines with an offset column. The first may have something before it, as in `"output":"00000000: …`.
fn dump_start(text: &[u8], run: usize, at: usize) -> Option<usize> {
    let lowest = at.saturating_sub(FARTHEST);
    let mut line = line_start(text, at, lowest);
    if !is_dump_line(text, line) {
        return after_text(text, run).or_else(|| offset_within(text, run.saturating_sub(1), at + WIDEST_INDENT));
    }
    while line > lowest {
        let previous = line_start(text, line - 1, lowest);
        if !is_dump_line(text, previous) {
            let first = text
                .get(previous..line)
                .and_then(|body| body.iter().rposition(|byte| !is_listed(*byte) && !matches!(byte, b'|' | b'>')));
            let near = previous.max(line.saturating_sub(LONGEST_LINE));
            return first.and_then(|_| offset_within(text, near, line)).or(Some(line));
        }
        line = previous;
    }
    Some(line)
}

/// More than a line of a dump takes.
const LONGEST_LINE: usize = 512;

const SHORTEST_OFFSET: usize = 6;
const LONGEST_OFFSET: usize = 16;

const WIDEST_INDENT: usize = 256;

/// The first dump line after the separators that a run starts with.
fn after_text(text: &[u8], run: usize) -> Option<usize> {
    let skipped = text.get(run..)?.iter().take(WIDEST_INDENT).take_while(|byte| !byte.is_ascii_hexdigit()).count();
    is_dump_line(text, run + skipped).then_some(run + skipped)
}

/// Where between two places the offset column of a dump is, behind something else.
fn offset_within(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut at = start + 1;
    while at < end.min(text.len()) {
        if let Some(other) = (0..SHORTEST_OFFSET).rev().find(|ahead| !is_digit(at + ahead)) {
            at += other + 1;
        } else if !text.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) && is_dump_line(text, at) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

fn line_start(text: &[u8], at: usize, lowest: usize) -> usize {
    text.get(lowest..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(lowest, |found| lowest + found + 1)
}

/// Whether the line starts with the offset of a dump: six or more digits, then a colon or a blank, then a number.
fn is_dump_line(text: &[u8], line: usize) -> bool {
    let rest = text.get(line..).unwrap_or_default();
    let indent = rest.iter().take(WIDEST_INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = rest.get(indent..).unwrap_or_default();
    let digits = rest.iter().take(LONGEST_OFFSET + 1).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let behind = rest.get(digits..).unwrap_or_default();
    (SHORTEST_OFFSET..=LONGEST_OFFSET).contains(&digits)
        && matches!(behind, [b':', b' ', ..] | [b' ', ..])
        && behind.iter().find(|byte| !matches!(byte, b':' | b' ' | b'\t')).is_some_and(u8::is_ascii_hexdigit)
}

struct List {
    tokens: Vec<Token>,
    /// For dumps: the text column of each line, to be masked with the bytes of that line.
    columns: Vec<Span>,
    end: usize,
}

/// Appends the bytes that a token at an offset stands for, with their places; false when it cannot be read this way.
type Reading = fn(&[u8], &mut Vec<(u8, Span)>, usize) -> bool;

struct Token {
    span: Span,
    /// Which line of a dump it stands in.
    line: usize,
}

impl List {
    fn run(text: &[u8], start: usize, end: usize) -> Self {
        let mut list = Self { tokens: Vec::new(), columns: Vec::new(), end };
        list.tokens_of(text, start, end, 0);
        list
    }

    fn dump(text: &[u8], start: usize) -> Self {
        let mut list = Self { tokens: Vec::new(), columns: Vec::new(), end: start };
        let mut line = start;
        while is_dump_line(text, line) && line < start + 2 * FARTHEST {
            let end =
                text.get(line..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(text.len(), |found| line + found);
            let body = text.get(line..end).unwrap_or_default();
            let indent = body.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let offset = body.iter().skip(indent).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let colon = body.get(indent + offset) == Some(&b':');
            let numbers = line + indent + offset + usize::from(colon);
            let column = column(text, numbers, end, colon);
            list.tokens_of(text, numbers, column, list.columns.len());
            list.columns.push(Span::new(column, end));
            line = end + 1;
            list.end = end;
        }
        list
    }

    fn tokens_of(&mut self, text: &[u8], start: usize, end: usize, line: usize) {
        let mut at = start;
        for part in text.get(start..end).unwrap_or_default().split(|byte| !is_numeral(*byte)) {
            if !part.is_empty() {
                self.tokens.push(Token { span: Span::new(at, at + part.len()), line });
            }
            at += part.len() + 1;
        }
    }

    fn decode(&self, text: &[u8], views: &mut Vec<View>) {
        if self.tokens.len() < 2 {
            return;
        }
        let readings: [Reading; 5] = [hex_bytes, swapped_words, decimal, octal, octal_words];
        for reading in readings {
            let mut view = View::default();
            let mut bytes = Vec::new();
            for token in &self.tokens {
                bytes.clear();
                let digits = text.get(token.span.start..token.span.end).unwrap_or_default();
                if reading(digits, &mut bytes, token.span.start) {
                    for (byte, span) in &bytes {
                        view.push(*byte, self.with_column(*span, token.line));
                    }
                } else {
                    flush(&mut view, views);
                }
            }
            flush(&mut view, views);
        }
    }

    /// In a dump a byte also stands for the text column of its line.
    fn with_column(&self, span: Span, line: usize) -> Span {
        self.columns
            .get(line)
            .filter(|column| column.start < column.end)
            .map_or(span, |column| Span::new(span.start, column.end))
    }
}

fn flush(view: &mut View, views: &mut Vec<View>) {
    if view.bytes.len() >= FEWEST {
        views.push(std::mem::take(view));
    } else {
        *view = View::default();
    }
}

/// Where the numbers of a dump line end: at what is no number, and after `xxd`'s colon at two blanks, since its text column may look like numbers.
fn column(text: &[u8], start: usize, end: usize, colon: bool) -> usize {
    let mut at = start;
    loop {
        let rest = text.get(at..end).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if blanks >= 2 && at != start && colon {
            return at;
        }
        let digits = rest.iter().skip(blanks).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let behind = rest.get(blanks + digits);
        if digits == 0 || behind.is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) {
            return at;
        }
        at += blanks + digits;
    }
}

fn hex_bytes(token: &[u8], bytes: &mut Vec<(u8, Span)>, at: usize) -> bool {
    let prefix = if token.starts_with(b"0x") || token.starts_with(b"0X") {
        2
    } else {
        usize::from(matches!(token, [b'x' | b'X', ..]))
    };
    let digits = token.get(prefix..).unwrap_or_default();
    if prefix == 2 && digits.len() == 1 {
        let Some(value) = digits.first().copied().and_then(hex) else { return false };
        bytes.push((value, Span::new(at, at + token.len())));
        return true;
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() || pairs.is_empty() {
        return false;
    }
    for (index, [high, low]) in pairs.iter().enumerate() {
        let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return false };
        let start = at + prefix + 2 * index;
        bytes.push((high << 4 | low, Span::new(start, start + 2)));
    }
    true
}

/// Words of two, four or eight bytes in the order of a little-endian machine.
fn swapped_words(token: &[u8], bytes: &mut Vec<(u8, Span)>, at: usize) -> bool {
    if !hex_bytes(token, bytes, at) || !matches!(bytes.len(), 2 | 4 | 8) {
        return false;
    }
    let word = Span::new(at, at + token.len());
    bytes.reverse();
    for (_, span) in bytes.iter_mut() {
        *span = word;
    }
    true
}

fn decimal(token: &[u8], bytes: &mut Vec<(u8, Span)>, at: usize) -> bool {
    number(token, 10).and_then(|value| u8::try_from(value).ok()).is_some_and(|value| {
        bytes.push((value, Span::new(at, at + token.len())));
        token.len() <= 3
    })
}

fn octal(token: &[u8], bytes: &mut Vec<(u8, Span)>, at: usize) -> bool {
    number(token, 8).and_then(|value| u8::try_from(value).ok()).is_some_and(|value| {
        bytes.push((value, Span::new(at, at + token.len())));
        (2..=4).contains(&token.len())
    })
}

/// What `od` prints by default: two bytes, little-endian, in six octal digits.
fn octal_words(token: &[u8], bytes: &mut Vec<(u8, Span)>, at: usize) -> bool {
    let Some(value) = number(token, 8).and_then(|value| u16::try_from(value).ok()).filter(|_| token.len() == 6) else {
        return false;
    };
    let word = Span::new(at, at + token.len());
    bytes.extend(value.to_le_bytes().map(|byte| (byte, word)));
    true
}

fn number(token: &[u8], radix: u32) -> Option<u32> {
    if token.len() > 8 || !token.iter().all(u8::is_ascii_digit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(token).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::super::encode::{FRAGMENT, Needle};
    use super::*;

    fn decoded(text: &str) -> Vec<String> {
        let mut found = Lists::default();
        let mut done = 0;
        let least = Least { bytes: FEWEST, ascii: true };
        super::super::probe::stretches(text.as_bytes(), 1, |stretch| {
            if let super::super::probe::Stretch::Numbers(at) = stretch
                && at >= done
            {
                done = found.read(text.as_bytes(), at, least);
            }
        });
        found.views.into_iter().map(|view| String::from_utf8_lossy(&view.bytes).into_owned()).collect()
    }

    fn check(text: &str) {
        let decoded = decoded(text);
        assert!(decoded.iter().any(|bytes| bytes.contains("s3cret-Value")), "{text}\n{decoded:?}");
    }

    #[test]
    fn lists_of_every_kind_are_read() {
        check("key 73:33:63:72:65:74:2d:56:61:6c:75:65 end");
        check("{ 0x73, 0x33, 0x63, 0x72, 0x65, 0x74, 0x2d, 0x56, 0x61, 0x6c, 0x75, 0x65 }");
        check("[115, 51, 99, 114, 101, 116, 45, 86, 97, 108, 117, 101]");
        check("163 063 143 162 145 164 055 126 141 154 165 145");
        check("{0163, 0063, 0143, 0162, 0145, 0164, 0055, 0126, 0141, 0154, 0165, 0145}");
        check("x73 x33 x63 x72 x65 x74 x2d x56 x61 x6c x75 x65");
    }

    #[test]
    fn what_cannot_hold_a_needle_is_not_read() {
        let needle = |text: &str| Needle {
            piece: text.len().min(FRAGMENT),
            text: text.as_bytes().into(),
            secret: 0,
            legible: true,
            fold: false,
        };
        let read = |list: &str, needles: &[Needle]| {
            let mut found = Lists::default();
            found.read(list.as_bytes(), list.len() / 2, Least::of(needles));
            !found.views.is_empty()
        };
        let digest = "d\":\"8a4f9b7ce83dd1a5\"}\n10.0.206.202 - - [25";
        let eight = "73:33:63:72:65:74:2d:56, 1";
        let dump = "00000000: 7333 6372 6574 2d56  ";
        let long = [needle("kV9wq27LmZxpRtY4")];
        assert_eq!([digest, eight, dump].map(|list| read(list, &long)), [false, false, true]);
        let short = [needle("kV9wq27LmZxpRtY4"), needle("Zx8!pQ2@")];
        assert_eq!([digest, eight, dump].map(|list| read(list, &short)), [false, true, true]);
        let beyond_ascii = [needle("Grün-98!")];
        assert_eq!([digest, eight, dump].map(|list| read(list, &beyond_ascii)), [true, true, true]);
    }

    #[test]
    fn dumps_are_read_across_lines() {
        check(
            "00000000: 7061 7373 3d73 3363 7265 742d 5661 6c75  pass=s3cret-Valu\n00000010: 650a                                     e.\n",
        );
        check(
            "00000000  70 61 73 73 3d 73 33 63  72 65 74 2d 56 61 6c 75  |pass=s3cret-Valu|\n00000010  65 0a                                             |e.|\n",
        );
        let indent = " ".repeat(40);
        check(&format!(
            "{indent}00000000: 7333 6372 6574 2d56  s3cret-V\n{indent}00000008: 616c 7565 0a              alue.\n"
        ));
        let prompt = "x".repeat(700);
        check(&format!(
            "{prompt} 00000000: 7333 6372 6574 2d56  s3cret-V\n00000008: 616c 7565 0a              alue.\n"
        ));
        check("0000000 6170 7373 733d 6333 6572 2d74 6156 756c\n0000020 0a65\n");
        check("0000000 060560 071563 071475 061463 062562 026564 060526 072554\n0000020 005145\n");
    }
}
