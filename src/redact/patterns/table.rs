//! Columns: a header that names a secret masks the cells below it; a two-column row masks its value.

use super::bytes::{at, back_while, before, line_end, line_start, next_line, skip_blanks, slice, trim};
use super::harmless::is_harmless;
use super::names::Promise;
use super::scan::Scan;

/// Rows looked at below a header.
const ROWS: usize = 2000;

/// If the identifier is a cell of a table, masks what belongs to it.
pub(super) fn column(scan: &mut Scan<'_>, start: usize, end: usize, promise: Promise) -> bool {
    if promise != Promise::Secret {
        return false;
    }
    let text = scan.text;
    let left = back_while(text, start, 64, |b| matches!(b, b' ' | b'"' | b'\'' | b'*' | b'`'));
    let right = super::bytes::skip_while(text, end, |b| matches!(b, b' ' | b'"' | b'\'' | b'*' | b'`'));
    let (l, r) = (before(text, left), at(text, right));
    for separator in [b'|', b',', b'\t', b';'] {
        if l == separator || r == separator {
            let settled = delimited(scan, start, separator);
            if settled {
                return true;
            }
        }
    }
    if "│┃".as_bytes().starts_with(&[0xe2])
        && (slice(text, left.saturating_sub(3), left) == "│".as_bytes()
            || slice(text, right, right + 3) == "│".as_bytes())
    {
        return boxed(scan, start);
    }
    if (left + 2 <= start || left == line_start(text, start)) && (right >= end + 2 || matches!(r, b'\n' | b'\r')) {
        return aligned(scan, start, end);
    }
    false
}

/// `|`, comma, tab and semicolon separated tables.
fn delimited(scan: &mut Scan<'_>, start: usize, separator: u8) -> bool {
    let text = scan.text;
    let line = line_start(text, start);
    let header = slice(text, line, line_end(text, start));
    let fields = cells(header, separator);
    if fields.len() < 2 {
        return false;
    }
    let Some(index) = fields.iter().position(|&(s, e)| line + s <= start && start < line + e) else { return false };
    let after = next_line(text, start);
    let ruler = is_ruler(slice(text, after, line_end(text, after)));
    let names = fields.iter().all(|&(s, e)| {
        let cell = slice(header, s, e);
        let (s, e) = trim(cell, 0, cell.len());
        let cell = slice(cell, s, e);
        cell.len() < 40
            && cell.iter().all(|&b| b.is_ascii_alphanumeric() || b"_- \"'`*.#/()".contains(&b) || b >= 0x80)
            && cell.iter().filter(|&&b| b == b' ').count() < 3
    });
    let next_row = slice(text, after, line_end(text, after));
    let heading = names && fields.len() > 2 && !next_row.is_empty() && cells(next_row, separator).len() == fields.len();
    if separator == b'|' && !ruler && !heading {
        // A row: the next cell is the value of this one, which holds a name and no more.
        let named = fields.get(index).map(|&(s, e)| slice(header, s, e)).is_some_and(|cell| {
            let (s, e) = trim(cell, 0, cell.len());
            e - s < 40 && slice(cell, s, e).iter().filter(|&&b| b == b' ').count() < 4
        });
        if !named {
            return false;
        }
        if (is_ruler(slice(text, line_start(text, line.saturating_sub(1)), line.saturating_sub(1)))
            || fields.len() <= 4)
            && let Some(&(s, e)) = fields.get(index + 1)
        {
            return cell(scan, line + s, line + e);
        }
        return false;
    }
    if separator != b'|'
        && (!names || index > 0 && fields.get(index).is_some_and(|&(s, e)| slice(header, s, e).contains(&b':')))
    {
        return false;
    }
    let mut row = after;
    let mut masked = false;
    for _ in 0..ROWS {
        if row >= text.len() {
            break;
        }
        let content = slice(text, row, line_end(text, row));
        if !is_ruler(content) {
            let cells = cells(content, separator);
            if cells.len() < fields.len() || (separator != b'|' && cells.len() != fields.len()) {
                break;
            }
            if let Some(&(s, e)) = cells.get(index) {
                masked |= cell(scan, row + s, row + e);
            }
        }
        row = next_line(text, row);
    }
    masked
}

/// Tables drawn with box characters.
fn boxed(scan: &mut Scan<'_>, start: usize) -> bool {
    let text = scan.text;
    let line = line_start(text, start);
    let bar = "│".as_bytes();
    let split = |from: usize, to: usize| {
        let mut cells = Vec::new();
        let mut at = from;
        while at <= to {
            let end = memchr::memmem::find(slice(text, at, to), bar).map_or(to, |p| at + p);
            cells.push((at, end));
            at = end + bar.len();
        }
        cells
    };
    let fields = split(line, line_end(text, start));
    let Some(index) = fields.iter().position(|&(s, e)| s <= start && start < e) else { return false };
    let mut row = next_line(text, start);
    let ruled = slice(text, row, line_end(text, row)).first() == Some(&0xe2)
        && !slice(text, row, line_end(text, row)).windows(3).any(|w| w == bar);
    if !ruled {
        return fields.get(index + 1).is_some_and(|&(s, e)| cell(scan, s, e));
    }
    let mut masked = false;
    for _ in 0..ROWS {
        if row >= text.len() {
            break;
        }
        let cells = split(row, line_end(text, row));
        if cells.len() == fields.len()
            && let Some(&(s, e)) = cells.get(index)
        {
            masked |= cell(scan, s, e);
        }
        row = next_line(text, row);
    }
    masked
}

/// Columns kept apart by two blanks or more.
fn aligned(scan: &mut Scan<'_>, start: usize, end: usize) -> bool {
    let text = scan.text;
    let line = line_start(text, start);
    let header = slice(text, line, line_end(text, start));
    let multi = header.windows(2).any(|w| w == b"  ");
    let named = header
        .iter()
        .all(|&b| b.is_ascii_uppercase() || matches!(b, b' ' | b'_' | b'-' | b'(' | b')' | b'/') || b.is_ascii_digit());
    if !named && !is_heading(header) {
        // `password      hunter2`: a row of a listing.
        let from = skip_blanks(text, end);
        let stop = line_end(text, start);
        if slice(text, line, start).iter().all(|b| *b == b' ') && from >= end + 2 && from < stop {
            let (s, e) = trim(text, from, stop);
            let words = slice(text, s, e);
            if !words.windows(2).any(|w| w == b"  ")
                && !super::harmless::is_sentence(words)
                && (!words.contains(&b' ') || words.iter().any(u8::is_ascii_digit))
                && !words.iter().all(u8::is_ascii_digit)
                && (super::prose::is_told(words)
                    || words.iter().any(|b| !b.is_ascii_lowercase()) && !words.iter().all(u8::is_ascii_uppercase))
            {
                return cell(scan, s, e);
            }
        }
        return false;
    }
    if !multi && header.len() > end - start {
        return false;
    }
    let column = start - line;
    let index = spaced(header).iter().position(|&(s, e)| s <= column && column < e);
    let count = spaced(header).len();
    let mut row = next_line(text, start);
    let mut masked = false;
    for _ in 0..ROWS {
        let stop = line_end(text, row);
        if row >= text.len() || stop <= row {
            break;
        }
        let content = slice(text, row, stop);
        let cells = spaced(content);
        if is_ruler(content) {
        } else if let Some(&(s, e)) = index.filter(|_| count > 1 && cells.len() == count).and_then(|i| cells.get(i)) {
            masked |= super::prose::is_told(slice(content, s, e)) && cell(scan, row + s, row + e);
        } else if row + column < stop && (column == 0 || before(text, row + column) == b' ') {
            let s = row + column;
            let e = super::bytes::skip_while(text, s, |b| !b.is_ascii_whitespace()).min(stop);
            masked |= super::prose::is_told(slice(text, s, e)) && cell(scan, s, e);
        }
        row = next_line(text, row);
    }
    masked
}

/// Extents of what two blanks or more keep apart.
fn spaced(line: &[u8]) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    let mut start = skip_blanks(line, 0);
    while start < line.len() {
        let end = slice(line, start, line.len()).windows(2).position(|w| w == b"  ").map_or(line.len(), |p| start + p);
        cells.push((start, end));
        start = skip_blanks(line, end);
    }
    cells
}

/// A line of two headings or more, each of at most two words that begin with capitals.
fn is_heading(line: &[u8]) -> bool {
    let cells = spaced(line);
    cells.len() > 1
        && cells.iter().all(|&(s, e)| {
            let words = slice(line, s, e);
            words.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80)
                && words.iter().all(|&b| b.is_ascii_alphanumeric() || b >= 0x80 || b" -_/.()".contains(&b))
                && words.split(|&b| b == b' ').count() <= 2
        })
}

fn cell(scan: &mut Scan<'_>, start: usize, end: usize) -> bool {
    let text = scan.text;
    let (mut s, mut e) = trim(text, start, end);
    while s < e && matches!(at(text, s), b'"' | b'\'' | b'`' | b'*') && at(text, s) == before(text, e) && e - s > 1 {
        (s, e) = (s + 1, e - 1);
    }
    let content = slice(text, s, e);
    let small_number = content.len() < 4 && content.iter().all(u8::is_ascii_digit);
    let described = content.len() > 4 && super::harmless::is_sentence(content)
        || [
            &b"varchar"[..],
            b"char(",
            b"character varying",
            b"text",
            b"timestamp",
            b"integer",
            b"bigint",
            b"boolean",
            b"bytea",
            b"uuid",
            b"json",
        ]
        .iter()
        .any(|t| super::bytes::starts_with(content, t));
    // `100 %`, `parked <= 10 s`
    let measured = content.split(|&b| b == b' ').skip(1).any(|word| matches!(word, b"%" | b"<=" | b">=" | b"<" | b">"));
    if is_harmless(content) || small_number || described || measured {
        return false;
    }
    let wordy = content
        .iter()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_whitespace() || matches!(b, b',' | b'.' | b'(' | b')'))
        && content.contains(&b' ');
    if wordy {
        return false;
    }
    scan.mask(s, e, "table");
    true
}

/// Extents of the cells of one line; quotes protect separators.
fn cells(line: &[u8], separator: u8) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (i, &b) in line.iter().enumerate() {
        if b == b'"' {
            quoted = !quoted;
        }
        if b == separator && !quoted {
            cells.push((start, i));
            start = i + 1;
        }
    }
    cells.push((start, line.len()));
    if separator == b'|' && cells.first().is_some_and(|&(s, e)| slice(line, s, e).iter().all(u8::is_ascii_whitespace)) {
        cells.remove(0);
    }
    cells
}

fn is_ruler(line: &[u8]) -> bool {
    line.len() >= 3
        && line.iter().all(|b| matches!(b, b'-' | b'+' | b'|' | b'=' | b':' | b' ' | b'\t' | b'\r'))
        && line.windows(2).any(|w| w == b"--" || w == b"==")
}
