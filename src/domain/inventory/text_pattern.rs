//! Regular expressions that texts of others are held against.

use std::str::FromStr;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

/// The longest one, bytes.
const LONGEST: usize = 1000;
/// How much memory one may take, compiled and while it searches, bytes.
const SIZE: usize = 1 << 20;

/// A regular expression. Searching takes time in proportion to the text, whatever the text is. It matches bytes: `.` is any of
/// them but the end of a line, and classes are those of ASCII.
#[derive(Debug, Clone)]
pub struct TextPattern(Regex);

/// Why a text is no such expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// It cannot be read.
    #[error("is not a regular expression")]
    Unreadable,
    /// It is too long, or takes too much memory.
    #[error("is too large a regular expression")]
    TooLarge,
    /// It is found in whatever is searched.
    #[error("matches an empty text, and so every text")]
    Empty,
}

impl TextPattern {
    /// Whether it matches somewhere in a text.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }
}

impl FromStr for TextPattern {
    type Err = InvalidPattern;
    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if text.len() > LONGEST {
            return Err(InvalidPattern::TooLarge);
        }
        let mut builder = RegexBuilder::new(text);
        let built = builder.unicode(false).size_limit(SIZE).dfa_size_limit(SIZE).build();
        let regex = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => InvalidPattern::TooLarge,
            _ => InvalidPattern::Unreadable,
        })?;
        if regex.is_match(b"") { Err(InvalidPattern::Empty) } else { Ok(Self(regex)) }
    }
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for TextPattern {}

impl Serialize for TextPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_match_everything_or_take_too_much_is_refused() {
        for (text, why) in [
            ("(", InvalidPattern::Unreadable),
            (r"(?=ahead)", InvalidPattern::Unreadable),
            ("x*", InvalidPattern::Empty),
            ("^", InvalidPattern::Empty),
            ("(a{1000}){1000}", InvalidPattern::TooLarge),
            (&"x".repeat(LONGEST + 1), InvalidPattern::TooLarge),
        ] {
            assert_eq!(text.parse::<TextPattern>().unwrap_err(), why, "{text:.20}");
        }
        let pattern: TextPattern = r"^Version \d+\.\d+$".parse().unwrap();
        assert!(pattern.is_in(b"Version 4.12") && !pattern.is_in(b"<p>Version 4.12</p>"));
        let lines: TextPattern = r"(?mi)^error: .+$".parse().unwrap();
        assert!(lines.is_in(b"fine\nERROR: \xff\xfe\nfine"));
        // Nested repetitions cost no more than others.
        let nested: TextPattern = "(x+x+)+y".parse().unwrap();
        assert!(!nested.is_in(&[b'x'; 256 * 1024]));
    }
}
