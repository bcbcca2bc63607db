//! Calls in Python, PHP and Ruby migrations that destroy or lock, and the SQL that they hold.

use std::sync::LazyLock;

use regex::Regex;

use super::{Danger, Dialect, statements};
use crate::domain::inventory::MigrationTool;

const TABLE: &str = "the table is dropped: its rows are lost";
const COLUMN: &str = "a column is dropped: its values are lost";
const RENAMED: &str = "it is renamed: the live version no longer finds what it knows";
const CHANGED: &str = "a column changes: the table may be rewritten under a lock, and values may be cut";
const NOT_NULL: &str = "a column without default may not be empty: it fails on a table that has rows";
const INDEX: &str = "the index is not built concurrently: writes to the table stop until it is built";

/// A call that is looked for. Without `unless` it is always dangerous; with it, only when none of those words stands in it. `needs`
/// has to stand in it.
struct Rule {
    pattern: &'static str,
    needs: &'static str,
    unless: &'static [&'static str],
    what: &'static str,
}

const fn rule(pattern: &'static str, what: &'static str) -> Rule {
    Rule { pattern, needs: "", unless: &[], what }
}

/// <https://alembic.sqlalchemy.org/en/latest/ops.html>
const ALEMBIC: &[Rule] = &[
    rule(r"\bdrop_table\(", TABLE),
    rule(r"\bdrop_column\(", COLUMN),
    rule(r"\brename_table\(", RENAMED),
    Rule { pattern: r"\balter_column\(", needs: "new_column_name", unless: &[], what: RENAMED },
    Rule { pattern: r"\balter_column\(", needs: "type_=", unless: &[], what: CHANGED },
    Rule { pattern: r"\balter_column\(", needs: "nullable=False", unless: &[], what: CHANGED },
    Rule {
        pattern: r"\badd_column\(",
        needs: "nullable=False",
        unless: &["server_default", "Identity(", "Computed("],
        what: NOT_NULL,
    },
    Rule { pattern: r"\bcreate_index\(", needs: "", unless: &["postgresql_concurrently=True"], what: INDEX },
];

/// <https://docs.djangoproject.com/en/5.2/ref/migration-operations/>
const DJANGO: &[Rule] = &[
    rule(r"\bDeleteModel\(", TABLE),
    rule(r"\bRemoveField\(", COLUMN),
    rule(r"\bRename(?:Model|Field)\(", RENAMED),
    rule(r"\bAlterField\(", CHANGED),
    rule(r"\bAddIndex\(", INDEX),
];

/// <https://laravel.com/docs/12.x/migrations>
const LARAVEL: &[Rule] = &[
    rule(r"\bSchema::drop(?:IfExists)?\(", TABLE),
    rule(r"->drop(?:Column|SoftDeletes|Timestamps|RememberToken|Morphs)\(", COLUMN),
    rule(r"->renameColumn\(|\bSchema::rename\(", RENAMED),
    rule(r"->change\(", CHANGED),
    rule(r"->truncate\(", "all rows are lost"),
];

/// <https://api.rubyonrails.org/classes/ActiveRecord/ConnectionAdapters/SchemaStatements.html>
const RAILS: &[Rule] = &[
    rule(r"\bdrop_(?:join_)?table\b", TABLE),
    rule(r"\bremove_(?:columns?|timestamps|reference|belongs_to)\b", COLUMN),
    rule(r"\brename_(?:table|column)\b", RENAMED),
    rule(r"\bchange_column\b", CHANGED),
    rule(r"\bchange_column_null\b", CHANGED),
    Rule { pattern: r"\badd_column\b", needs: "null: false", unless: &["default:"], what: NOT_NULL },
    Rule { pattern: r"\badd_index\b", needs: "", unless: &["algorithm: :concurrently"], what: INDEX },
];

/// <https://api.drupal.org/api/drupal/core%21lib%21Drupal%21Core%21Database%21Schema.php/class/Schema>
const DRUPAL: &[Rule] = &[
    rule(r"->dropTable\(|\bdb_drop_table\(", TABLE),
    rule(r"->dropField\(|\bdb_drop_field\(", COLUMN),
    rule(r"->renameTable\(", RENAMED),
    rule(r"->changeField\(|\bdb_change_field\(", CHANGED),
    rule(r"->truncate\(", "all rows are lost"),
    rule(r"\bmodule_installer'\)\s*->uninstall\(", "a module is uninstalled: its data is lost"),
    rule(r"->uninstallFieldStorageDefinition\(", "a field is removed: its values are lost"),
];

/// What runs SQL: the first text in it is looked at.
const RUNS_SQL: &str =
    r"\b(?:op\.execute|execute|RunSQL|DB::(?:statement|unprepared|delete|update)|->query|db_query|sa\.text)\b";

static SQL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(RUNS_SQL).ok());

/// Where the way forth begins, and where the way back does.
fn directions(tool: MigrationTool) -> (&'static [&'static str], &'static [&'static str]) {
    match tool {
        MigrationTool::Alembic => (&["def upgrade"], &["def downgrade"]),
        MigrationTool::Laravel => (&["function up"], &["function down"]),
        MigrationTool::Rails => (&["def up", "def change"], &["def down"]),
        _ => (&[], &[]),
    }
}

fn rules(tool: MigrationTool) -> &'static [Rule] {
    match tool {
        MigrationTool::Alembic => ALEMBIC,
        MigrationTool::Django => DJANGO,
        MigrationTool::Laravel => LARAVEL,
        MigrationTool::Rails => RAILS,
        MigrationTool::Drush => DRUPAL,
        MigrationTool::Prisma | MigrationTool::Flyway | MigrationTool::Sqlx => &[],
    }
}

/// What the calls of a migration would destroy or lock.
pub(super) fn dangers(tool: MigrationTool, dialect: Dialect, text: &str) -> Vec<Danger> {
    let forth = forth(tool, text);
    let mut found = Vec::new();
    for rule in rules(tool).iter().filter(|rule| rule.what != INDEX || dialect == Dialect::Postgres) {
        let Ok(pattern) = Regex::new(rule.pattern) else { continue };
        for call in pattern.find_iter(text).filter(|call| is_code(text, call.start()) && within(forth, call.start())) {
            let arguments = arguments(text, call.end());
            let dangerous = (rule.needs.is_empty() || arguments.contains(rule.needs))
                && !rule.unless.iter().any(|word| arguments.contains(word))
                && !(rule.what == INDEX && is_fresh(text, arguments));
            if dangerous {
                found.push(Danger { line: line_of(text, call.start()), what: rule.what });
            }
        }
    }
    let calls = SQL.as_ref().map(|sql| sql.find_iter(text).collect::<Vec<_>>()).unwrap_or_default();
    for call in calls.into_iter().filter(|call| is_code(text, call.start()) && within(forth, call.start())) {
        let Some((at, sql)) = first_text(text, call.end()) else { continue };
        let offset = line_of(text, at) - 1;
        found.extend(
            statements::dangers(dialect, sql).into_iter().map(|d| Danger { line: d.line + offset, what: d.what }),
        );
    }
    found
}

/// The part of the file that goes forth, as byte range; the whole file where it is not told apart.
fn forth(tool: MigrationTool, text: &str) -> (usize, usize) {
    let (up, down) = directions(tool);
    let first = |words: &[&str]| words.iter().filter_map(|word| text.find(word)).min();
    let begin = first(up).unwrap_or(0);
    let end = first(down).filter(|end| *end > begin).unwrap_or(text.len());
    (begin, end)
}

fn within((begin, end): (usize, usize), at: usize) -> bool {
    (begin..end).contains(&at)
}

/// Whether the line is no comment up to here.
fn is_code(text: &str, at: usize) -> bool {
    let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default().trim_start();
    !["#", "//", "*", "/*"].iter().any(|comment| line.starts_with(comment))
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// From here to the bracket that closes the call, or to the end of the line where there is no bracket.
fn arguments(text: &str, from: usize) -> &str {
    let rest = text.get(from..).unwrap_or_default();
    let inside = text.get(..from).is_some_and(|before| before.ends_with('('));
    let mut depth = u32::from(inside);
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = if inside {
            depth == 0
        } else {
            depth == 0 && c == '\n' && !rest.get(..at).is_some_and(|t| t.trim_end().ends_with(','))
        };
        if ends {
            return rest.get(..at).unwrap_or_default();
        }
    }
    rest
}

/// Whether the table of an index is made in the same file.
fn is_fresh(text: &str, arguments: &str) -> bool {
    let names = arguments.split(['"', '\'']).skip(1).step_by(2).take(2);
    names.into_iter().any(|name| {
        ["'", "\""].iter().any(|quote| {
            let create = format!("create_table({quote}{name}{quote}");
            text.split_whitespace().collect::<String>().contains(&create)
        })
    })
}

/// The first text of a call with its place: in triple quotes, in a here document, or in quotes.
fn first_text(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = text.get(from..)?;
    let line = rest.find('\n').unwrap_or(rest.len());
    if let Some(here) = rest.get(..line)?.find("<<") {
        let tag: String = rest
            .get(here + 2..)?
            .trim_start_matches(['~', '-', '<', '\'', '"'])
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let body = rest.get(line..)?;
        let end = body.find(&format!("{tag}\n")).or_else(|| body.rfind(&tag)).unwrap_or(body.len());
        return Some((from + line, body.get(..end)?));
    }
    let at = rest.find(['"', '\''])?;
    // Only an opening bracket or a prefix may stand before it.
    if at > 200 || rest.get(..at)?.contains([';', ')']) {
        return None;
    }
    let quoted = rest.get(at..)?;
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inner) = quoted.strip_prefix(quote) {
            let end = inner.find(quote).unwrap_or(inner.len());
            return Some((from + at + quote.len(), inner.get(..end)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tool: MigrationTool, text: &str, wanted: &[(usize, &str)]) {
        let mut found = dangers(tool, Dialect::Postgres, text);
        found.sort();
        let seen: Vec<(usize, &str)> = found.iter().map(|danger| (danger.line, danger.what)).collect();
        assert_eq!(seen.len(), wanted.len(), "{text}: {seen:?}");
        for ((line, what), (at, part)) in seen.iter().zip(wanted) {
            assert!(line == at && what.contains(part), "{text}: {seen:?}");
        }
    }

    #[test]
    fn alembic() {
        let text = "\
def upgrade():
    op.create_table('a', sa.Column('id', sa.Integer()))
    op.create_index('i', 'a', ['id'])
    op.create_index('j', 'b', ['id'])
    # op.drop_table('c')
    op.add_column('b', sa.Column('n', sa.Integer(), nullable=False))
    op.add_column('b', sa.Column('m', sa.Integer(), nullable=False, server_default='0'))
    op.alter_column('b', 'x', type_=sa.Text())
    op.drop_column('b', 'y')
    op.execute(\"\"\"
        UPDATE b SET n = 1
    \"\"\")

def downgrade():
    op.drop_table('a')
";
        let wanted =
            [(4, "concurrently"), (6, "may not be empty"), (8, "changes"), (9, "column is dropped"), (11, "UPDATE")];
        check(MigrationTool::Alembic, text, &wanted);
    }

    #[test]
    fn django() {
        let text = "operations = [\n    migrations.RemoveField('a', 'b'),\n    migrations.RunSQL('DELETE FROM a', 'SELECT 1'),\n\
                    migrations.DeleteModel(name='C'),\n]\n";
        check(MigrationTool::Django, text, &[(2, "column"), (3, "DELETE"), (4, "table")]);
    }

    #[test]
    fn laravel() {
        let text = "public function up(): void {\n  Schema::table('a', function ($t) {\n    $t->dropColumn('b');\n    $t->string('c', 50)->change();\n  });\n\
                    DB::statement('TRUNCATE a');\n}\npublic function down(): void { Schema::dropIfExists('a'); }\n";
        check(MigrationTool::Laravel, text, &[(3, "column"), (4, "changes"), (6, "TRUNCATE")]);
    }

    #[test]
    fn rails() {
        let text = "def change\n  remove_column :a, :b\n  add_column :a, :c, :string, null: false\n  add_index :a, :c\n\
                    add_index :a, :d, algorithm: :concurrently\n  execute <<~SQL\n    DELETE FROM a\n  SQL\nend\n";
        check(
            MigrationTool::Rails,
            text,
            &[(2, "column"), (3, "may not be empty"), (4, "concurrently"), (7, "DELETE")],
        );
    }

    #[test]
    fn drupal() {
        let text = "function site_update_9001() {\n  \\Drupal::database()->schema()->dropTable('a');\n}\n";
        check(MigrationTool::Drush, text, &[(2, "table")]);
    }
}
