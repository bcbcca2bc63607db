//! Prisma Migrate itself, on PostgreSQL, with its engine in WebAssembly and a driver in JavaScript.

use std::process::Output;

use deploy_ops_mcp::domain::inventory::MigrationTool;

use super::bench::{Bench, Real, given, good, run};

const SCHEMA: &str = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DB_URL\")\n}\n";
const CONFIG: &str = "\
import { PrismaPg } from '@prisma/adapter-pg'
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => new PrismaPg({ connectionString: process.env.DB_URL }),
}
";
const INIT: &str = "prisma/migrations/20250101000000_init/migration.sql";
const BAD: &str = "prisma/migrations/20250102000000_bad/migration.sql";

fn migrate(bench: &Bench, arguments: &[&str]) -> Output {
    let modules = given("DEPLOY_OPS_TEST_TOOLS").join("node_modules");
    let link = bench.repository().join("node_modules");
    if !link.exists() {
        std::os::unix::fs::symlink(&modules, &link).unwrap();
    }
    let program = modules.join("prisma/build/index.js").display().to_string();
    let all = [&[program.as_str(), "migrate"], arguments, &["--config", "prisma.config.mjs"]].concat();
    let url = bench.url().replace("+psycopg", "");
    // Programs that it would otherwise download.
    let environment = [
        ("DB_URL", url.as_str()),
        ("PRISMA_QUERY_ENGINE_LIBRARY", "/bin/true"),
        ("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true"),
        ("PRISMA_HIDE_UPDATE_MESSAGE", "1"),
        ("CHECKPOINT_DISABLE", "1"),
    ];
    run(&given("DEPLOY_OPS_TEST_NODE"), &all, bench.repository(), &environment)
}

#[tokio::test]
async fn a_failed_migration_is_seen_and_one_that_was_rolled_back_is_pending() {
    let bench = Bench::postgres(MigrationTool::Prisma).await;
    let Real::Postgres(_) = &bench.real else { unreachable!() };
    let files = [
        ("prisma/schema.prisma", SCHEMA),
        ("prisma.config.mjs", CONFIG),
        ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
        (INIT, "CREATE TABLE a (id INT);\n"),
        (BAD, "SELECT 1 / 0;\nCREATE TABLE b (id INT);\n"),
        (".gitignore", "node_modules\n"),
    ];
    bench.sandbox.commit(&files, "v2");
    assert!(!migrate(&bench, &["deploy"]).status.success());
    let half = bench.applied().await;
    assert_eq!(
        (half.head.as_deref(), half.unfinished.as_slice()),
        (Some("20250101000000_init"), &["20250102000000_bad".to_owned()][..])
    );
    assert_eq!(half.position(), "20250101000000_init, 1 unfinished");
    let again = migrate(&bench, &["deploy"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("P3009"), "it refuses to go on");

    // From here on `prisma migrate status` calls the database up to date, though the migration was never applied.
    good(&migrate(&bench, &["resolve", "--rolled-back", "20250102000000_bad"]));
    assert_eq!(bench.applied().await.unfinished, Vec::<String>::new());
    assert_eq!(bench.pending("v2").await, ["20250102000000_bad"]);

    bench.sandbox.commit(&[(BAD, "CREATE TABLE b (id INT);\n")], "v3");
    good(&migrate(&bench, &["deploy"]));
    let standing = bench.standing("v3").await;
    assert!(standing.pending.is_empty() && standing.edited.is_empty() && standing.missing.is_empty(), "{standing:?}");
    assert_eq!(bench.applied().await.head.as_deref(), Some("20250102000000_bad"));
    // Prisma's checksum is the one of the file that it applied.
    bench.sandbox.commit(&[(INIT, "CREATE TABLE a (id BIGINT);\n")], "v4");
    assert_eq!(bench.standing("v4").await.edited, [INIT]);
}
