//! sqlx' own migrator, on the three engines.

use deploy_ops_mcp::domain::inventory::MigrationTool;
use sqlx::{ConnectOptions, migrate::Migrator, sqlite::SqliteConnectOptions};

use super::bench::{Bench, Real};

async fn migrate(bench: &Bench) -> bool {
    let migrator = Migrator::new(bench.repository().join("migrations")).await.unwrap();
    match &bench.real {
        Real::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            migrator.run_direct(None, &mut connection, false).await.is_ok()
        }
        Real::Postgres(database) => migrator.run_direct(None, &mut database.connect().await, false).await.is_ok(),
        Real::Mariadb(database) => migrator.run_direct(None, &mut database.connect().await, false).await.is_ok(),
    }
}

#[tokio::test]
async fn versions_checksums_and_what_mariadb_leaves_half_applied() {
    for bench in Bench::all(MigrationTool::Sqlx).await {
        let files = [
            ("migrations/0001_a.sql", "CREATE TABLE a (id INT);\n"),
            ("migrations/0002_b.sql", "CREATE TABLE b (id INT);\n"),
        ];
        bench.sandbox.commit(&files, "v2");
        assert_eq!(bench.pending("v2").await, ["1", "2"]);
        assert!(migrate(&bench).await);
        let done = bench.applied().await;
        assert_eq!((done.head.as_deref(), done.position().as_str()), (Some("2"), "2, 2 applied"));
        let standing = bench.standing("v2").await;
        assert!(standing.pending.is_empty() && standing.edited.is_empty(), "{standing:?}");

        bench.sandbox.commit(&[("migrations/0003_c.sql", "CREATE TABLE c (id INT);\nNONSENSE;\n")], "v3");
        assert!(!migrate(&bench).await);
        // The others took the whole migration back.
        let left: &[&str] = if matches!(bench.real, Real::Mariadb(_)) { &["3"] } else { &[] };
        assert_eq!(bench.applied().await.unfinished, left);
        assert_eq!(bench.pending("v3").await, ["3"]);

        bench.sandbox.commit(&[("migrations/0001_a.sql", "CREATE TABLE a (id BIGINT);\n")], "v4");
        assert_eq!(bench.standing("v4").await.edited, ["migrations/0001_a.sql"]);
    }
}
