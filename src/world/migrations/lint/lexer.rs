//! SQL without what is no statement: comments gone, literals blank, statements apart.

use super::Dialect;

/// Signs of which several make one operator, and none begins a comment or a literal.
const SIGNS: &str = "<>=!@|&~:";

/// A statement: its words in capitals with one blank between them, and the line where it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) line: usize,
    pub(super) text: String,
    /// Bodies between dollar quotes, with their lines: a `DO` block runs them.
    pub(super) bodies: Vec<(usize, String)>,
}

/// The statements of a script.
pub(super) fn statements(dialect: Dialect, sql: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut current = Statement::default();
    for token in Lexer::new(dialect, sql) {
        match token.kind {
            Kind::End => found.push(std::mem::take(&mut current)),
            Kind::Body(body) => {
                current.bodies.push((token.line, body));
                push(&mut current, token.line, "''");
            }
            Kind::Literal => push(&mut current, token.line, "''"),
            Kind::Word(word) => push(&mut current, token.line, &word.to_uppercase()),
        }
    }
    found.push(current);
    found.retain(|statement| !statement.text.is_empty());
    found
}

/// The text of a statement with a `?` for every literal and number, and without comments: what may be shown of a query that
/// somebody else ran.
pub fn without_literals(dialect: Dialect, sql: &str) -> String {
    let mut text = String::new();
    for token in Lexer::new(dialect, sql) {
        let word = match token.kind {
            Kind::Word(word) if word.starts_with(|c: char| c.is_ascii_digit()) => "?".to_owned(),
            Kind::Word(word) => word,
            Kind::End => ";".to_owned(),
            Kind::Literal | Kind::Body(_) => "?".to_owned(),
        };
        join(&mut text, &word);
    }
    text
}

fn push(statement: &mut Statement, line: usize, word: &str) {
    if statement.text.is_empty() {
        statement.line = line;
    }
    join(&mut statement.text, word);
}

/// Adds a word; no blank before a closing or after an opening sign.
fn join(text: &mut String, word: &str) {
    let tight = text.is_empty()
        || text.ends_with(['(', '.'])
        || matches!(word, ")" | "," | "." | ";")
        || (word == "(" && text.ends_with(char::is_alphanumeric));
    if !tight {
        text.push(' ');
    }
    text.push_str(word);
}

enum Kind {
    Word(String),
    Literal,
    Body(String),
    End,
}

struct Token {
    line: usize,
    kind: Kind,
}

struct Lexer<'a> {
    dialect: Dialect,
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn new(dialect: Dialect, sql: &'a str) -> Self {
        Self { dialect, rest: sql, line: 1 }
    }

    /// Takes `count` bytes, which end at a character.
    fn take(&mut self, count: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// Up to and with `end`; to the end of the text when there is none.
    fn take_through(&mut self, from: usize, end: &str) -> &'a str {
        let found = self.rest.get(from..).and_then(|rest| rest.find(end));
        self.take(found.map_or(self.rest.len(), |at| from + at + end.len()))
    }

    /// Blanks and comments. What MariaDB runs in `/*! … */` is no comment.
    fn skip(&mut self) {
        loop {
            let rest = self.rest.trim_start();
            self.take(self.rest.len() - rest.len());
            if self.rest.starts_with("--") || (self.dialect == Dialect::Mariadb && self.rest.starts_with('#')) {
                self.take_through(0, "\n");
            } else if self.dialect == Dialect::Mariadb
                && (self.rest.starts_with("/*!") || self.rest.starts_with("/*M!"))
            {
                let begin = self.rest.find('!').map_or(0, |at| at + 1);
                let digits = self.rest.bytes().skip(begin).take_while(u8::is_ascii_digit).count();
                self.take(begin + digits);
            } else if self.dialect == Dialect::Mariadb && self.rest.starts_with("*/") {
                self.take(2);
            } else if self.rest.starts_with("/*") {
                self.take_through(2, "*/");
            } else {
                return;
            }
        }
    }

    /// A literal in `quote`; a doubled quote belongs to it, and after a backslash, where that escapes, anything.
    fn quoted(&mut self, quote: char, escapes: bool) -> &'a str {
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            if escapes && c == '\\' {
                chars.next();
            } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
                end = at + c.len_utf8();
                break;
            }
        }
        self.take(end)
    }

    /// The tag of a dollar quote, `$$` or `$name$`.
    fn dollar(&self) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('$')?;
        let name = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let good = inner.as_bytes().get(name) == Some(&b'$') && !inner.starts_with(|c: char| c.is_ascii_digit());
        good.then(|| self.rest.get(..name + 2)).flatten()
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip();
        let line = self.line;
        let first = self.rest.chars().next()?;
        let kind = match first {
            ';' => {
                self.take(1);
                Kind::End
            }
            '\'' => {
                self.quoted('\'', self.dialect == Dialect::Mariadb);
                Kind::Literal
            }
            // PostgreSQL and SQLite quote names with it, MariaDB texts.
            '"' if self.dialect == Dialect::Mariadb => {
                self.quoted('"', true);
                Kind::Literal
            }
            '"' | '`' => Kind::Word(self.quoted(first, false).trim_matches(first).to_owned()),
            'e' | 'E' if self.rest.get(1..2) == Some("'") => {
                self.take(1);
                self.quoted('\'', true);
                Kind::Literal
            }
            '$' if self.dialect != Dialect::Mariadb => match self.dollar() {
                Some(tag) => {
                    let whole = self.take_through(tag.len(), tag);
                    let inner = whole.get(tag.len()..).unwrap_or_default();
                    Kind::Body(inner.strip_suffix(tag).unwrap_or(inner).to_owned())
                }
                None => Kind::Word(self.take(1).to_owned()),
            },
            c if c.is_alphanumeric() || c == '_' => {
                let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
                let end = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
                Kind::Word(self.take(end).to_owned())
            }
            c if SIGNS.contains(c) => {
                let end = self.rest.find(|c| !SIGNS.contains(c)).unwrap_or(self.rest.len());
                Kind::Word(self.take(end).to_owned())
            }
            c => Kind::Word(self.take(c.len_utf8()).to_owned()),
        };
        Some(Token { line, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_begin_at_their_lines_without_comments_and_literals() {
        let sql = "-- DROP TABLE a;\n\n/* DROP\nTABLE b; */ insert into t values ('it''s; DROP', E'\\'x');\ndrop  table\n \"c\";";
        let found = statements(Dialect::Postgres, sql);
        let seen: Vec<(usize, &str)> = found.iter().map(|s| (s.line, s.text.as_str())).collect();
        assert_eq!(seen, [(4, "INSERT INTO T VALUES('', '')"), (5, "DROP TABLE C")]);
    }

    #[test]
    fn bodies_between_dollars_are_kept_apart() {
        let found = statements(Dialect::Postgres, "DO $x$\nBEGIN DROP TABLE t; END $x$;\nSELECT 1");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text, "DO ''");
        assert_eq!(found[0].bodies, [(1, "\nBEGIN DROP TABLE t; END ".to_owned())]);
        assert_eq!(found[1].line, 3);
    }

    #[test]
    fn mariadb_runs_some_comments() {
        let found = statements(Dialect::Mariadb, "/*!50003 DROP TABLE t */; # DROP TABLE u\nSELECT \"DROP\\\"\"");
        let seen: Vec<&str> = found.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(seen, ["DROP TABLE T", "SELECT ''"]);
    }

    #[test]
    fn nothing_of_a_literal_is_left() {
        for (dialect, sql) in [
            (Dialect::Postgres, "ALTER ROLE a PASSWORD 'canary' -- canary\n"),
            (Dialect::Postgres, "SELECT $$canary$$, E'canary\\'', 4711canary"),
            (Dialect::Mariadb, "SET PASSWORD = \"canary\" /* canary */"),
            (Dialect::Mariadb, "SELECT 'canary"),
            (Dialect::Postgres, "/* canary"),
        ] {
            let shown = without_literals(dialect, sql);
            assert!(!shown.contains("canary"), "{sql}: {shown}");
        }
        assert_eq!(
            without_literals(Dialect::Postgres, "select a.b from t where x = 12"),
            "select a.b from t where x = ?"
        );
    }
}
