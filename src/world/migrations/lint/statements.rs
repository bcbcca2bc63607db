//! SQL statements that destroy or lock.

use std::collections::BTreeSet;

use super::{
    Danger, Dialect,
    lexer::{Statement, statements},
};

/// How deep blocks in blocks are followed.
const DEPTH: usize = 3;

/// What the statements of a script would destroy or lock.
pub(super) fn dangers(dialect: Dialect, sql: &str) -> Vec<Danger> {
    let mut found = Vec::new();
    walk(dialect, sql, 0, DEPTH, &mut BTreeSet::new(), &mut found);
    found
}

/// `fresh` are the tables that the script has made itself: nobody waits for those, and they hold nothing.
fn walk(
    dialect: Dialect,
    sql: &str,
    offset: usize,
    depth: usize,
    fresh: &mut BTreeSet<String>,
    found: &mut Vec<Danger>,
) {
    for statement in statements(dialect, sql) {
        let words: Vec<&str> = statement.text.split(' ').collect();
        if let Some(table) = created(&words) {
            fresh.insert(table);
        }
        let line = statement.line + offset;
        found.extend(judge(dialect, &statement, &words, fresh).into_iter().map(|what| Danger { line, what }));
        if words.first() == Some(&"DO") && depth > 0 {
            for (at, body) in &statement.bodies {
                // A block's own words stand before its first statement.
                let body = body.replace("BEGIN", ";").replace("begin", ";").replace("THEN", ";").replace("then", ";");
                walk(dialect, &body, offset + at - 1, depth - 1, fresh, found);
            }
        }
    }
}

fn judge(dialect: Dialect, statement: &Statement, words: &[&str], fresh: &BTreeSet<String>) -> Vec<&'static str> {
    let text = statement.text.as_str();
    let has = |word: &str| words.iter().any(|found| found.trim_end_matches(',') == word);
    match words {
        ["DROP", "TABLE", ..] => vec!["DROP TABLE loses its rows"],
        ["DROP", "DATABASE" | "SCHEMA", ..] => vec!["DROP SCHEMA loses all its tables"],
        ["DROP", "SEQUENCE" | "TYPE" | "DOMAIN", ..] if has("CASCADE") => vec!["DROP … CASCADE loses what uses it"],
        ["DROP", "INDEX", ..] if dialect == Dialect::Postgres && !has("CONCURRENTLY") => {
            vec!["DROP INDEX without CONCURRENTLY locks the table"]
        }
        ["TRUNCATE", ..] => vec!["TRUNCATE loses all rows"],
        ["DELETE", ..] if !has("WHERE") => vec!["DELETE without WHERE loses all rows"],
        ["UPDATE", ..] if !has("WHERE") => vec!["UPDATE without WHERE changes all rows"],
        ["RENAME", "TABLE" | "TABLES", ..] => vec![RENAMED],
        ["CREATE", "INDEX" | "UNIQUE", ..] | ["CREATE", "FULLTEXT" | "SPATIAL", "INDEX", ..]
            if dialect == Dialect::Postgres && !has("CONCURRENTLY") && !is_fresh(indexed(words).as_ref(), fresh) =>
        {
            vec!["CREATE INDEX without CONCURRENTLY stops writes to the table until it is built"]
        }
        ["LOCK", "TABLE" | "TABLES", ..] => vec!["LOCK TABLE stops others"],
        ["CLUSTER", ..] | ["VACUUM", "FULL", ..] => vec!["it rewrites the table under an exclusive lock"],
        ["ALTER", "TABLE", ..] => alter(dialect, text, fresh),
        _ => Vec::new(),
    }
}

const RENAMED: &str = "RENAME: the live version no longer finds what it knows";

/// Each clause of an `ALTER TABLE`.
fn alter(dialect: Dialect, text: &str, fresh: &BTreeSet<String>) -> Vec<&'static str> {
    let mut words: Vec<&str> = text.split(' ').skip(2).collect();
    while matches!(words.first(), Some(&("IF" | "EXISTS" | "ONLY"))) {
        words.remove(0);
    }
    let table = words.first().map(|name| name_of(name)).unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default().join(" ");
    let is_new = fresh.contains(&table);
    clauses(&rest).iter().filter_map(|clause| judge_clause(dialect, clause, is_new)).collect()
}

fn judge_clause(dialect: Dialect, clause: &str, is_new: bool) -> Option<&'static str> {
    let words: Vec<&str> = clause.split(' ').collect();
    let has = |sequence: &str| format!(" {clause} ").contains(&format!(" {sequence} "));
    let kept =
        ["CONSTRAINT", "INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK", "DEFAULT", "NOT", "EXPRESSION", "IDENTITY"];
    match words.as_slice() {
        ["DROP", what, ..] if kept.contains(what) => None,
        ["DROP", ..] => Some("ALTER TABLE … DROP loses a column or partition"),
        ["RENAME", "CONSTRAINT" | "INDEX" | "KEY", ..] => None,
        ["RENAME", ..] => Some(RENAMED),
        ["CHANGE" | "MODIFY", ..] if !is_new => {
            Some("the column's type changes: the table is rewritten and values may be cut")
        }
        ["ALTER", ..] if has("TYPE") && !is_new => {
            Some("the column's type changes: the table is rewritten under an exclusive lock")
        }
        ["ALTER", ..] if has("SET NOT NULL") && !is_new => {
            Some("SET NOT NULL reads the whole table under a lock and fails when a value is missing")
        }
        ["ADD", "CONSTRAINT" | "FOREIGN" | "CHECK", ..]
            if dialect == Dialect::Postgres && !is_new && !has("NOT VALID") && !has("USING INDEX") =>
        {
            Some("ADD CONSTRAINT without NOT VALID reads the whole table under a lock")
        }
        ["ADD", "CONSTRAINT" | "FOREIGN" | "CHECK" | "PRIMARY" | "UNIQUE" | "INDEX" | "KEY", ..] => None,
        ["ADD", ..] => {
            let filled = ["DEFAULT", "GENERATED", "AUTO_INCREMENT", "SERIAL", "BIGSERIAL", "AS"];
            let bare = has("NOT NULL") && !filled.iter().any(|word| words.contains(word));
            (bare && !is_new).then_some("NOT NULL without DEFAULT fails on a table that has rows")
        }
        _ => None,
    }
}

/// The parts between commas that are in no bracket.
fn clauses(text: &str) -> Vec<String> {
    let (mut found, mut current, mut depth) = (Vec::new(), String::new(), 0_u32);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(std::mem::take(&mut current).trim().to_owned());
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    found.push(current.trim().to_owned());
    found
}

/// The table that a `CREATE TABLE` makes.
fn created(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| *word == "TABLE")?;
    if words.first() != Some(&"CREATE") || at > 3 {
        return None;
    }
    let rest = words.get(at + 1..)?;
    rest.iter().find(|word| !matches!(**word, "IF" | "NOT" | "EXISTS")).map(|name| name_of(name))
}

/// The table of a `CREATE INDEX … ON [ONLY] table`.
fn indexed(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| *word == "ON")?;
    words.get(at + 1..)?.iter().find(|word| **word != "ONLY").map(|name| name_of(name))
}

fn is_fresh(table: Option<&String>, fresh: &BTreeSet<String>) -> bool {
    table.is_some_and(|table| fresh.contains(table))
}

/// The name itself: no schema, no list of columns behind it.
fn name_of(word: &str) -> String {
    let name = word.split('(').next().unwrap_or(word);
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, sql: &str, wanted: &[(usize, &str)]) {
        let found = dangers(dialect, sql);
        let seen: Vec<(usize, &str)> = found.iter().map(|danger| (danger.line, danger.what)).collect();
        assert_eq!(seen.len(), wanted.len(), "{sql}: {seen:?}");
        for ((line, what), (at, begin)) in seen.iter().zip(wanted) {
            assert!(line == at && what.contains(begin), "{sql}: {line} {what}");
        }
    }

    #[test]
    fn what_destroys() {
        for (sql, what) in [
            ("drop table if exists public.t", "DROP TABLE"),
            ("TRUNCATE t", "TRUNCATE"),
            ("DELETE FROM t", "DELETE without"),
            ("UPDATE t SET a = 1", "UPDATE without"),
            ("ALTER TABLE t DROP COLUMN a", "DROP loses"),
            ("ALTER TABLE ONLY s.t DROP a", "DROP loses"),
            ("ALTER TABLE t RENAME COLUMN a TO b", "RENAME"),
            ("ALTER TABLE t RENAME TO u", "RENAME"),
            ("DROP SCHEMA s CASCADE", "DROP SCHEMA"),
            ("DO $$ BEGIN DROP TABLE t; END $$", "DROP TABLE"),
        ] {
            check(Dialect::Postgres, sql, &[(1, what)]);
        }
    }

    #[test]
    fn what_locks() {
        for (sql, what) in [
            ("CREATE INDEX i ON t (a)", "CREATE INDEX without"),
            ("CREATE UNIQUE INDEX \"i\" ON \"public\".\"t\"(\"a\")", "CREATE INDEX without"),
            ("ALTER TABLE t ALTER COLUMN a TYPE bigint", "type changes"),
            ("ALTER TABLE t ALTER COLUMN a SET DATA TYPE text", "type changes"),
            ("ALTER TABLE t ALTER a SET NOT NULL", "SET NOT NULL"),
            ("ALTER TABLE t ADD COLUMN a int NOT NULL", "without DEFAULT"),
            ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b)", "NOT VALID"),
        ] {
            check(Dialect::Postgres, sql, &[(1, what)]);
        }
        check(Dialect::Mariadb, "ALTER TABLE t MODIFY a INT, CHANGE b c INT", &[(1, "type"), (1, "type")]);
    }

    #[test]
    fn what_harms_nobody() {
        for sql in [
            "CREATE TABLE t (a int NOT NULL); CREATE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b)",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "ALTER TABLE t ADD COLUMN a numeric(10, 2) NOT NULL DEFAULT 0",
            "ALTER TABLE t DROP CONSTRAINT c, ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b) NOT VALID",
            "UPDATE t SET a = 1 WHERE b = 2; DELETE FROM t WHERE a = 1",
            "INSERT INTO log VALUES ('DROP TABLE x; TRUNCATE y')",
            "COMMENT ON TABLE t IS 'DROP TABLE'",
            "CREATE FUNCTION f() RETURNS int AS $$ DELETE FROM t $$ LANGUAGE sql",
        ] {
            check(Dialect::Postgres, sql, &[]);
        }
        check(Dialect::Mariadb, "CREATE INDEX i ON t (a)", &[]);
    }

    #[test]
    fn the_line_is_told() {
        check(
            Dialect::Postgres,
            "SELECT 1;\n\nDROP TABLE a;\nDO $$\nBEGIN\n  TRUNCATE b;\nEND $$;",
            &[(3, "DROP"), (6, "TRUNCATE")],
        );
    }
}
