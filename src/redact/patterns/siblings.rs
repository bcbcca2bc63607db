//! A name and its value side by side: `name: X` / `value: Y`, `<add key="X" value="Y"/>`,
//! `variable "x" { default = "y" }`, parameter lists of cloud tools.

use super::bytes::{at, before, line_start, slice, word_at};
use super::harmless::is_harmless;
use super::names::Promise;
use super::scan::Scan;
use super::value::{Link, link, value};

/// How far a value may stand from its name.
const REACH: usize = 320;

/// If the identifier is itself a value (of `name`, `key` …), masks the sibling value.
pub(super) fn value_of_name(scan: &mut Scan<'_>, name_start: usize, name_end: usize, promise: Promise) -> bool {
    let text = scan.text;
    if !stands_as_value(text, name_start, name_end) {
        return false;
    }
    let window = slice(text, name_end, name_end + REACH);
    let mut lines = 0;
    for (i, &b) in window.iter().enumerate() {
        let here = name_end + i;
        match b {
            b'\n' => {
                lines += 1;
                // A new list item or an outer block belongs to another name.
                let next = super::bytes::skip_blanks(text, here + 1);
                if lines > 4 || (at(text, next) == b'-' && at(text, next + 1) == b' ') {
                    return false;
                }
            }
            b'}' if i > 0 => return false,
            b'v' | b'V' | b'd' | b'D' | b's' | b'S' | b'P' | b'p' | b'O' | b'o' => {
                let Some(word) = VALUE_KEYS.iter().find(|w| word_at(text, here, w)) else { continue };
                let p = before(text, here);
                if p.is_ascii_alphanumeric() || p == b'_' || p == b'-' && word.len() < 6 {
                    continue;
                }
                let end = here + word.len();
                if at(text, end).is_ascii_alphanumeric() || at(text, end) == b'_' {
                    continue;
                }
                let Some((operator, from)) = link(text, end) else { continue };
                if operator == Link::Blank {
                    continue;
                }
                let Some(found) = value(text, from, operator) else { return false };
                let content = slice(text, found.start, found.end);
                if !is_harmless(content) && (promise == Promise::Secret || super::assign::looks_generated(content)) {
                    scan.mask(found.start, found.end, "sibling");
                    if scan.judged < found.start {
                        scan.judged = found.start;
                    }
                    return true;
                }
                return is_harmless(content);
            }
            _ => {}
        }
    }
    false
}

/// True after `name:`, `"key": "`, `<name>`, `key="`, `--name `, `variable "`.
fn stands_as_value(text: &[u8], start: usize, end: usize) -> bool {
    let line = line_start(text, start).max(start.saturating_sub(80));
    // `/prod/db/password`: the name is the whole path.
    let start = super::bytes::back_while(text, start, 80, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'-')
    });
    let lead = slice(text, line.min(start), start);
    let trimmed = lead
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'"' | b'\'' | b'\\' | b':' | b'=' | b'>' | b'\t' | b'`' | b'/'))
        .map_or(0, |p| p + 1);
    let key = lead.get(..trimmed).unwrap_or_default();
    if trimmed == lead.len() {
        return false;
    }
    let key_start =
        key.iter().rposition(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-')).map_or(0, |p| p + 1);
    let key = key.get(key_start..).unwrap_or_default();
    let follows = at(text, end);
    NAME_KEYS.iter().any(|k| key.eq_ignore_ascii_case(k)) && !matches!(follows, b'=')
}

const NAME_KEYS: &[&[u8]] = &[
    b"name",
    b"key",
    b"Name",
    b"ParameterKey",
    b"parameter",
    b"parameterName",
    b"variable",
    b"var",
    b"env",
    b"setting",
    b"option",
    b"field",
    b"label",
    b"property",
    b"id",
    b"param",
    b"OutputKey",
    b"option_name",
    b"config_key",
    b"meta_key",
    b"type",
    b"--name",
    b"--key",
    b"-name",
    b"SettingName",
    b"variableName",
    b"envName",
    b"attr",
    b"attribute",
    b"secretName",
    b"title",
    b"path",
    b"config",
    b"output",
    b"k",
    b"n",
];

const VALUE_KEYS: &[&[u8]] = &[
    b"ParameterValue",
    b"OutputValue",
    b"option_value",
    b"meta_value",
    b"config_value",
    b"SecretString",
    b"stringValue",
    b"default_value",
    b"defaultValue",
    b"plaintext",
    b"value",
    b"default",
    b"val",
    b"v",
];
