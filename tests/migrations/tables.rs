//! The tables of tools that are not installed here, as their documentation shows them, on the three engines.

use deploy_ops_mcp::domain::inventory::MigrationTool;

use super::bench::{Bench, Real};

/// `blob` as the engine calls it.
fn blob(bench: &Bench) -> &'static str {
    match bench.real {
        Real::Sqlite(_) => "BLOB",
        Real::Postgres(_) => "BYTEA",
        Real::Mariadb(_) => "LONGBLOB",
    }
}

fn ids(bench: &deploy_ops_mcp::world::database::Migrations) -> Vec<&str> {
    bench.applied.iter().map(|migration| migration.id.as_str()).collect()
}

#[tokio::test]
async fn drupal_with_post_updates_deploy_hooks_and_civicrm() {
    for bench in Bench::all(MigrationTool::Drush).await {
        bench
            .execute(&format!(
                "CREATE TABLE key_value (collection VARCHAR(128), name VARCHAR(128), value {}, PRIMARY KEY (collection, name));
                 INSERT INTO key_value VALUES ('system.schema', 'site', 'i:9001;'), ('system.schema', 'gone', 'i:-1;'),
                   ('system.schema', 'node', 's:4:\"8700\";'), ('state', 'site', 'i:1;'),
                   ('post_update', 'existing_updates', 'a:1:{{i:0;s:18:\"site_post_update_a\";}}'),
                   ('deploy_hook', 'existing_updates', 'a:1:{{i:0;s:13:\"site_deploy_b\";}}');
                 CREATE TABLE civicrm_domain (id INT, version VARCHAR(32));
                 INSERT INTO civicrm_domain VALUES (1, '5.81.0')",
                blob(&bench)
            ))
            .await;
        let found = bench.applied().await;
        assert_eq!(ids(&found), ["civicrm=5.81.0", "node=8700", "site=9001", "site_deploy_b", "site_post_update_a"]);
        let head = found.head.unwrap();
        assert!(head.starts_with("schema-"), "{head}");
        let files = [
            (
                "web/modules/site/site.install",
                "<?php\nfunction site_update_9001() {}\nfunction site_update_9002() {}\n",
            ),
            (
                "web/modules/site/site.post_update.php",
                "<?php\nfunction site_post_update_a() {}\nfunction site_post_update_c() {}\n",
            ),
            ("web/modules/other/other.install", "<?php\nfunction other_update_9001() {}\n"),
        ];
        bench.sandbox.commit(&files, "v2");
        assert_eq!(bench.pending("v2").await, ["site=9002", "site_post_update_c"]);
        let binary = if matches!(bench.real, Real::Postgres(_)) { "'i:9002;'::bytea" } else { "'i:9002;'" };
        bench
            .execute(&format!(
                "UPDATE key_value SET value = {binary} WHERE name = 'site' AND collection = 'system.schema'"
            ))
            .await;
        assert_ne!(bench.applied().await.head, Some(head), "the head moves with every module");
    }
}

#[tokio::test]
async fn laravel_by_batches() {
    for bench in Bench::all(MigrationTool::Laravel).await {
        let sql = "CREATE TABLE migrations (id INT PRIMARY KEY, migration VARCHAR(255), batch INT);
                   INSERT INTO migrations VALUES (1, '2024_01_01_000000_users', 1), (2, '2025_01_01_000000_late', 3), (3, '2024_06_01_000000_jobs', 2)";
        bench.execute(sql).await;
        let found = bench.applied().await;
        assert_eq!(found.head.as_deref(), Some("2025_01_01_000000_late"));
        let file = "database/migrations/2025_02_01_000000_next.php";
        bench.sandbox.commit(&[(file, "<?php"), ("database/migrations/2024_01_01_000000_users.php", "<?php")], "v2");
        assert_eq!(bench.pending("v2").await, ["2025_02_01_000000_next"]);
    }
}

#[tokio::test]
async fn flyway_failed_out_of_order_and_repeatable() {
    for bench in Bench::all(MigrationTool::Flyway).await {
        // Flyway may keep its table in a schema of its own.
        let schema = if matches!(bench.real, Real::Postgres(_)) {
            bench.execute("CREATE SCHEMA app").await;
            "app."
        } else {
            ""
        };
        let boolean = if matches!(bench.real, Real::Postgres(_)) { ("true", "false") } else { ("1", "0") };
        let (yes, no) = boolean;
        bench
            .execute(&format!(
                "CREATE TABLE {schema}flyway_schema_history (installed_rank INT PRIMARY KEY, version VARCHAR(50), description VARCHAR(200),
                   type VARCHAR(20), script VARCHAR(1000), checksum INT, installed_by VARCHAR(100), installed_on TIMESTAMP,
                   execution_time INT, success BOOLEAN);
                 INSERT INTO {schema}flyway_schema_history VALUES
                   (1, '1', 'b', 'BASELINE', 'b', NULL, 'u', '2025-01-01 00:00:00', 1, {yes}),
                   (2, '3', 'c', 'SQL', 'V3__c.sql', 891568578, 'u', '2025-01-02 00:00:00', 1, {yes}),
                   (3, '2.1', 'l', 'SQL', 'V2_1__l.sql', 1, 'u', '2025-01-03 00:00:00', 1, {yes}),
                   (4, NULL, 'v', 'SQL', 'R__v.sql', 5, 'u', '2025-01-04 00:00:00', 1, {yes}),
                   (5, '4', 'f', 'SQL', 'V4__f.sql', 6, 'u', '2025-01-05 00:00:00', 1, {no})"
            ))
            .await;
        let found = bench.applied().await;
        assert_eq!((found.head.as_deref(), found.unfinished.as_slice()), (Some("3"), &["4".to_owned()][..]));
        assert!(found.applied[0].applied_at.as_deref().is_some_and(|at| at.starts_with("2025-01-01")), "{found:?}");
        let files = [
            ("sql/V0_9__old.sql", ""),
            ("sql/V3__c.sql", "abc\n"),
            ("sql/V2_1__l.sql", "changed"),
            ("sql/V4__f.sql", ""),
            ("sql/V10__n.sql", "DROP TABLE x;"),
            ("sql/R__v.sql", "CREATE VIEW v AS SELECT 1"),
        ];
        bench.sandbox.commit(&files, "v2");
        let standing = bench.standing("v2").await;
        let pending: Vec<&str> = standing.pending.iter().map(|file| file.id.as_str()).collect();
        assert_eq!(pending, ["4", "10", "R__v.sql"]);
        assert_eq!(
            (standing.edited, standing.missing),
            (vec!["sql/V2_1__l.sql".to_owned()], vec![]),
            "891568578 is the CRC-32 of abc"
        );
    }
}

#[tokio::test]
async fn rails_by_versions() {
    for bench in Bench::all(MigrationTool::Rails).await {
        let sql = "CREATE TABLE schema_migrations (version VARCHAR(255) PRIMARY KEY);
                   INSERT INTO schema_migrations VALUES ('20250101000000'), ('20240101000000')";
        bench.execute(sql).await;
        assert_eq!(bench.applied().await.head.as_deref(), Some("20250101000000"));
        bench.sandbox.commit(&[("db/migrate/20250101000000_a.rb", ""), ("db/migrate/20250201000000_b.rb", "")], "v2");
        let standing = bench.standing("v2").await;
        assert_eq!(standing.pending[0].id, "20250201000000");
        assert_eq!(standing.missing, ["20240101000000"]);
    }
}

#[tokio::test]
async fn without_a_table_nothing_was_applied() {
    for tool in [MigrationTool::Alembic, MigrationTool::Prisma, MigrationTool::Drush, MigrationTool::Flyway] {
        for bench in Bench::all(tool).await {
            assert_eq!(bench.applied().await, deploy_ops_mcp::world::database::Migrations::default());
        }
    }
}
