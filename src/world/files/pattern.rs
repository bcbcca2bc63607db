//! What a line has to match, and the words that every line that matches holds: a host can look for those without knowing more.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{
        Hir, HirKind,
        literal::{ExtractKind, Extractor, Seq},
    },
};

use crate::redact::MASK;

/// The shortest word that is worth looking for, bytes.
const SHORTEST: usize = 3;
/// The most words that are looked for at once.
const MOST: usize = 16;

/// A regular expression for lines. It matches bytes: `.` is one of them.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub(super) regex: Regex,
    /// Every line that matches holds one of them; none when nothing useful is known.
    pub(super) words: Option<Words>,
}

/// Words of which a line has to hold one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Each is at least three bytes of printable ASCII.
    pub(super) list: Vec<String>,
    /// Whether upper and lower case are alike.
    pub(super) any_case: bool,
}

impl Pattern {
    /// Compiles a pattern; `None` when it is none that can be used.
    pub fn new(text: &str, case_insensitive: bool) -> Option<Self> {
        let mut builder = RegexBuilder::new(text);
        let regex = builder.case_insensitive(case_insensitive).unicode(false).size_limit(1 << 20).build().ok()?;
        let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(text).ok();
        let words = parsed.and_then(|parsed| required(&parsed)).map(|mut list| {
            list.sort_unstable();
            list.dedup();
            Words { list, any_case: case_insensitive }
        });
        Some(Self { regex, words })
    }
}

/// The best words of which each match holds one.
fn required(hir: &Hir) -> Option<Vec<String>> {
    let inside = match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => {
            branches.iter().map(required).collect::<Option<Vec<_>>>().map(|words| words.concat())
        }
        HirKind::Concat(parts) => {
            let behind = (1..parts.len()).filter_map(|from| beginning(&Hir::concat(parts.get(from..)?.to_vec())));
            parts.iter().filter_map(required).chain(behind).max_by_key(|words| worth(words))
        }
        _ => None,
    };
    inside.into_iter().chain(beginning(hir)).filter(|words| words.len() <= MOST).max_by_key(|words| worth(words))
}

/// The words of which one stands at the begin of each match.
fn beginning(hir: &Hir) -> Option<Vec<String>> {
    let mut extractor = Extractor::new();
    let mut found: Seq = extractor.kind(ExtractKind::Prefix).limit_total(MOST).extract(hir);
    found.dedup();
    found
        .literals()?
        .iter()
        .map(|literal| usable(literal.as_bytes()))
        .collect::<Option<Vec<_>>>()
        .filter(|w| !w.is_empty())
}

/// The longer the shortest, the fewer places there are; then the fewer words, the better.
fn worth(words: &[String]) -> (usize, std::cmp::Reverse<usize>) {
    (words.iter().map(String::len).min().unwrap_or(0), std::cmp::Reverse(words.len()))
}

/// The part of a literal that a line of the file holds whenever the line that is shown holds the literal: none of it may be of
/// a mask.
fn usable(literal: &[u8]) -> Option<String> {
    let plain = literal.iter().all(|byte| (b' '..=b'~').contains(byte));
    let mut word = std::str::from_utf8(literal).ok().filter(|_| plain)?;
    let meets =
        |begin: &str, end: &str| (1..=begin.len()).any(|length| end.starts_with(&begin[begin.len() - length..]));
    let (lower, mask) = (word.to_ascii_lowercase(), MASK);
    let mut range = 0..word.len();
    while range.start < range.end && meets(mask, &lower[range.clone()]) {
        range.start += 1;
    }
    while range.start < range.end && meets(&lower[range.clone()], mask) {
        range.end -= 1;
    }
    word = word.get(range)?;
    let lower = word.to_ascii_lowercase();
    (word.len() >= SHORTEST && !mask.contains(&lower) && !lower.contains(mask)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(pattern: &str) -> Option<Vec<String>> {
        Pattern::new(pattern, false).unwrap().words.map(|words| words.list)
    }

    #[test]
    fn the_words_of_a_pattern_are_those_that_no_match_lacks() {
        for (pattern, wanted) in [
            ("quota exceeded", Some(vec!["quota exceeded"])),
            (r"\d+ quota .* of user", Some(vec![" of user"])),
            ("^ERROR|^FATAL", Some(vec!["ERROR", "FATAL"])),
            (
                r"(timeout|refused) by (upstream|backend)",
                Some(vec!["timeout by upstream", "timeout by backend", "refused by upstream", "refused by backend"]),
            ),
            (r"a+b*(memory)+", Some(vec!["memory"])),
            (r"\[error\] .*", Some(vec!["[error] "])),
            ("x|long word", None),
            (r"\d+", None),
            (".*", None),
            ("(optional)?", None),
            ("", None),
            // They may be of a mask.
            ("redacted", None),
            ("dact", None),
            (r"\[red", None),
            ("REDACTED", None),
            (r"token=\[redacted\]", Some(vec!["token="])),
            (r"a\[redacted\]b", None),
            (r"password=\[", Some(vec!["password="])),
            (r"\] in cron", Some(vec![" in cron"])),
            ("grün", None),
        ] {
            let mut wanted: Option<Vec<String>> = wanted.map(|list| list.into_iter().map(str::to_owned).collect());
            if let Some(list) = &mut wanted {
                list.sort();
            }
            assert_eq!(words(pattern), wanted, "{pattern}");
        }
        assert!(Pattern::new("(", false).is_none());
        assert!(Pattern::new("quota", true).unwrap().words.unwrap().any_case);
    }

    proptest! {
        /// Whatever matches holds one of the words.
        #[test]
        fn no_match_lacks_them(
            pattern in "(\\(?[a-c]{1,3}\\)?[+?*|]?|\\.\\*?|\\[ab\\]|\\{|abc|\\|){1,5}",
            any_case: bool,
            line in "[a-cA-C]{0,12}",
        ) {
            let Some(pattern) = Pattern::new(&pattern, any_case) else { return Ok(()) };
            let Some(words) = pattern.words else { return Ok(()) };
            if pattern.regex.is_match(line.as_bytes()) {
                let fold = |text: &str| if any_case { text.to_ascii_lowercase() } else { text.to_owned() };
                prop_assert!(words.list.iter().any(|word| fold(&line).contains(&fold(word))), "{words:?} {line}");
            }
        }
    }
}
