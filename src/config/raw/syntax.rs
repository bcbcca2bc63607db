//! Text to tree.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Source;

/// How many syntax errors are shown: one mistake often makes the parser stumble several times.
const SHOWN: usize = 10;

/// The tree of a text, or `None` when its syntax is wrong.
///
/// The parser's own error text is not used: it quotes the line.
pub(crate) fn parse<'a>(source: &Source<'_>, text: &'a str) -> Option<Spanned<DeValue<'a>>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut readable = true;
    for error in errors.iter().take(SHOWN) {
        let offset = error.span().map_or(0, |span| span.start);
        let (message, fix) = describe(error.message());
        readable &= message == DUPLICATE;
        source.error(offset, message.to_owned(), fix.to_owned());
    }
    let span = table.span();
    readable.then(|| Spanned::new(span, DeValue::Table(table.into_inner())))
}

const DUPLICATE: &str = "the key is already given";

/// Our words for the parser's, chosen by a fragment of its message.
fn describe(message: &str) -> (&'static str, &'static str) {
    let table = [
        ("duplicate key", DUPLICATE, "keep one of the two, or put both tables into one"),
        (
            "must be quoted",
            "the value is missing or a text is not quoted",
            "write key = value, a text in double quotes",
        ),
        (
            " string",
            "a text is not closed, or holds a control character",
            "end the text with the quote it begins with, on the same line",
        ),
        ("date-time", "a date or time is not well-formed", "write it as 2026-12-20T00:00:00Z"),
        ("number", "a number is not well-formed", "write digits, or put a text into double quotes"),
        ("quote", "a text is not closed", "end the text with the quote it begins with, on the same line"),
        ("escape", "an escape sequence is unknown", "write \\\\ for a backslash, or use single quotes"),
        ("array table", "a table header is not closed", "write [[name]] on a line of its own"),
        (
            "inline table",
            "an inline table is not well-formed",
            "write { key = value, key = value } with a comma between",
        ),
        ("array", "an array is not well-formed", "write [a, b, c] with a comma between"),
        ("table", "a table header is not closed", "write [name] on a line of its own"),
        ("missing value", "the value is missing", "write key = value, a text in double quotes"),
        ("no value", "the value is missing", "write key = value, a text in double quotes"),
        ("assignment", "'=' is missing or doubled", "write key = value, a text in double quotes"),
        ("recurs", "the nesting is too deep", "use fewer levels of arrays and tables"),
        ("carriage return", "a carriage return stands alone", "save the file with LF or CRLF line ends"),
    ];
    table.iter().find(|(part, ..)| message.contains(part)).map_or(
        ("the syntax is not TOML here", "write key = value, a text in double quotes; see https://toml.io"),
        |(_, message, fix)| (message, fix),
    )
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn a_syntax_error_is_told_without_the_line() {
        let cases = [
            (r#"a = "hunter2"#, 1, "a text is not closed", "end the text"),
            ("\n[secrets]\nKEY = hunter2", 3, "the value is missing or a text is not quoted", "write key"),
            ("[secrets", 1, "a table header is not closed", "write [name]"),
            ("[secrets]\n[secrets]", 2, "the key is already given", "keep one"),
            ("[secrets]\nKEY =", 2, "the value is missing", "write key"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
