//! What to do about a migration that stopped half way: it depends on the tool, and on whether the engine takes DDL back. Texts that
//! advise; nothing here is ever run.

use crate::domain::inventory::{Engine, MigrationTool};

/// The advice.
pub(super) fn half_applied(tool: MigrationTool, engine: &Engine) -> String {
    let takes_back = matches!(engine, Engine::Postgres(_));
    let name = match engine {
        Engine::Sqlite { .. } => "SQLite as the tool uses it",
        Engine::Postgres(_) => "PostgreSQL",
        Engine::Mariadb(_) => "MariaDB",
    };
    let keeps = format!("{name} takes no DDL back, so part of it may be there: restore the snapshot from before it");
    match (tool, takes_back) {
        (MigrationTool::Alembic, true) => "PostgreSQL took the failed revision back as a whole: correct it and run `alembic upgrade \
             head`. To go back behind an applied one, read its downgrade() and run `alembic downgrade -1`."
            .to_owned(),
        (MigrationTool::Alembic, false) => {
            format!("{keeps} (rollback with databases=restore). `alembic downgrade -1` may stop half way as well.")
        }
        (MigrationTool::Prisma, true) => "Look what it left, undo that by hand, then `prisma migrate resolve --rolled-back <id>`, \
             correct it and deploy again. Until then `prisma migrate deploy` refuses with P3009."
            .to_owned(),
        (MigrationTool::Prisma, false) => {
            format!("{keeps}, or undo it by hand and run `prisma migrate resolve --rolled-back <id>`; then correct it and deploy again.")
        }
        (MigrationTool::Drush, _) => "Read the error of the update, correct it, and run `drush updatedb --yes` and `drush deploy:hook \
             --yes` again (there is no --entity-updates since Drupal 8.7). If data was lost, restore the snapshot from before."
            .to_owned(),
        (MigrationTool::Flyway, true) => {
            "Correct the file, run `flyway repair`, and migrate again; until then Flyway refuses.".to_owned()
        }
        (MigrationTool::Flyway, false) => format!("{keeps}, or undo it by hand and run `flyway repair`; then migrate again."),
        (MigrationTool::Django | MigrationTool::Laravel | MigrationTool::Rails | MigrationTool::Sqlx, true) => {
            "PostgreSQL took the failed migration back, unless it asked for no transaction: correct it and migrate again.".to_owned()
        }
        (MigrationTool::Django | MigrationTool::Laravel | MigrationTool::Rails | MigrationTool::Sqlx, false) => {
            format!("{keeps}, then correct the migration and migrate again.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_decides_whether_a_downgrade_is_a_way() {
        let sqlite = Engine::Sqlite { path: "/srv/x.db".into() };
        let advice = half_applied(MigrationTool::Alembic, &sqlite);
        assert!(advice.contains("restore the snapshot") && advice.contains("may stop half way"), "{advice}");
        let prisma = half_applied(MigrationTool::Prisma, &sqlite);
        assert!(prisma.contains("prisma migrate resolve --rolled-back"), "{prisma}");
        let drush = half_applied(MigrationTool::Drush, &sqlite);
        assert!(drush.contains("drush updatedb --yes") && !drush.contains("updatedb --entity"), "{drush}");
    }
}
