//! From the rows of a tool's table to where its migrations stand.

use super::{AppliedMigration, Migrations};
use crate::domain::{inventory::MigrationTool, migration::version_order};

/// Rows as [`super::tables::query`] asks for them: id, time, whether it ended well, kind, checksum.
pub(super) fn of(tool: MigrationTool, rows: Vec<Vec<Option<String>>>) -> Migrations {
    let mut found = Migrations::default();
    for row in rows {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (Some(id), applied_at, done, kind, checksum) = (next(), next(), next(), next(), next()) else { continue };
        let kind = kind.unwrap_or_default();
        if done.as_deref() == Some("0") {
            found.unfinished.push(id);
            continue;
        }
        // A later row about the same migration replaces what was said before: repaired, repeated, undone.
        found.applied.retain(|before| before.id != id);
        found.unfinished.retain(|before| *before != id);
        match kind.as_str() {
            "SCHEMA" | "DELETE" => {}
            kind if kind.starts_with("UNDO") => {}
            kind => {
                if kind.ends_with("BASELINE") {
                    found.baseline = Some(id.clone());
                }
                let checksum = checksum.map(|text| text.to_ascii_lowercase());
                found.applied.push(AppliedMigration { id, applied_at, checksum });
            }
        }
    }
    found.head = head(tool, &found.applied);
    found
}

fn head(tool: MigrationTool, applied: &[AppliedMigration]) -> Option<String> {
    let mut ids = applied.iter().map(|migration| migration.id.as_str());
    match tool {
        // Every row is a head.
        MigrationTool::Alembic => {
            let heads: Vec<&str> = ids.collect();
            (!heads.is_empty()).then(|| heads.join(","))
        }
        // What was applied last may be a late one: the highest version is the head. Repeatable scripts have no version.
        MigrationTool::Flyway | MigrationTool::Rails | MigrationTool::Sqlx => {
            let versions = ids.filter(|id| id.starts_with(|c: char| c.is_ascii_digit()));
            versions.max_by(|a, b| version_order(a, b)).map(str::to_owned)
        }
        MigrationTool::Prisma | MigrationTool::Drush | MigrationTool::Django | MigrationTool::Laravel => {
            ids.next_back().map(str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tool: MigrationTool, rows: &[[&str; 4]], head: &str, applied: &[&str], unfinished: &[&str]) {
        let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        let rows = rows.iter().map(|[id, done, kind, sum]| vec![text(id), None, text(done), text(kind), text(sum)]);
        let found = of(tool, rows.collect());
        assert_eq!(found.head.as_deref().unwrap_or_default(), head);
        assert_eq!(found.applied.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), applied);
        assert_eq!(found.unfinished, unfinished);
    }

    #[test]
    fn several_heads_of_alembic_are_all_heads() {
        check(MigrationTool::Alembic, &[["a1", "1", "", ""], ["b2", "1", "", ""]], "a1,b2", &["a1", "b2"], &[]);
        check(MigrationTool::Alembic, &[], "", &[], &[]);
    }

    #[test]
    fn a_failed_prisma_migration_is_unfinished() {
        check(MigrationTool::Prisma, &[["1_a", "1", "", "x"], ["2_b", "0", "", "x"]], "1_a", &["1_a"], &["2_b"]);
    }

    #[test]
    fn flyway_out_of_order_undone_deleted_and_repeated() {
        let rows = [
            ["1", "1", "BASELINE", ""],
            ["2", "1", "SQL", "11"],
            ["10", "1", "SQL", "12"],
            ["9", "1", "SQL", "13"],
            ["R__views.sql", "1", "SQL", "14"],
            ["R__views.sql", "1", "SQL", "15"],
            ["2", "1", "UNDO_SQL", ""],
            ["11", "0", "SQL", "16"],
        ];
        check(MigrationTool::Flyway, &rows, "10", &["1", "10", "9", "R__views.sql"], &["11"]);
    }
}
