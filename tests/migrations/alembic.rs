//! Alembic itself, on the three engines.

use deploy_ops_mcp::{domain::inventory::MigrationTool, world::migrations::Standing};

use super::bench::{Bench, given, good, run};

const ENV: &str = "\
import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ['DB_URL']).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
";

/// A revision that makes a table.
fn revision(id: &str, down: &str) -> String {
    format!(
        "from alembic import op\nimport sqlalchemy as sa\n\nrevision: str = '{id}'\ndown_revision = {down}\n\n\ndef upgrade():\n    \
         op.create_table('t_{id}', sa.Column('id', sa.Integer()))\n\n\ndef downgrade():\n    op.drop_table('t_{id}')\n"
    )
}

fn alembic(bench: &Bench, arguments: &[&str]) {
    let program = given("DEPLOY_OPS_TEST_TOOLS").join("python/bin/alembic");
    good(&run(&program, arguments, bench.repository(), &[("DB_URL", &bench.url())]));
}

/// Branches, several heads, a merge: what is pending and what was applied, from Alembic's own table.
async fn branches_and_a_merge(bench: Bench) {
    let files = [
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n".to_owned()),
        ("migrations/env.py", ENV.to_owned()),
        ("migrations/versions/a1_one.py", revision("a1", "None")),
        ("migrations/versions/b2_two.py", revision("b2", "'a1'")),
        ("migrations/versions/c3_three.py", revision("c3", "'a1'")),
        ("migrations/versions/d4_merge.py", revision("d4", "(\n    'b2',\n    'c3',\n)")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    bench.sandbox.commit(&files, "v2");
    let none = bench.applied().await;
    assert_eq!((none.head.as_deref(), none.position().as_str()), (None, "none"));
    assert_eq!(bench.pending("v2").await, ["a1", "b2", "c3", "d4"]);
    assert_eq!(bench.pending("v1").await, Vec::<String>::new(), "v1 holds none");

    alembic(&bench, &["upgrade", "b2"]);
    assert_eq!(bench.applied().await.head.as_deref(), Some("b2"));
    assert_eq!(bench.pending("v2").await, ["c3", "d4"]);

    alembic(&bench, &["upgrade", "c3"]);
    let two = bench.applied().await;
    assert_eq!((two.head.as_deref(), two.position().as_str()), (Some("b2,c3"), "b2,c3, 2 applied"));
    assert_eq!(bench.pending("v2").await, ["d4"]);

    alembic(&bench, &["upgrade", "head"]);
    let all = bench.applied().await;
    assert_eq!(all.head.as_deref(), Some("d4"));
    let standing = bench.standing("v2").await;
    assert!(standing.known && standing.pending.is_empty() && standing.missing.is_empty(), "{standing:?}");
    // What a deployment counts: Alembic's table has one row before and one row after.
    let commit = bench.sandbox.revision("v2").await.commit;
    let reader = bench.sandbox.world.reader();
    let files = reader.migration_files(&bench.sandbox.service, &commit, MigrationTool::Alembic).await.unwrap();
    assert_eq!(Standing::applied_between(&["a1".to_owned()], &all, files.clone()), 3);
    assert_eq!(Standing::applied_between(&[], &all, files), 4);

    bench.sandbox.commit(&[("migrations/versions/e5_five.py", &revision("e5", "'d4'"))], "v3");
    alembic(&bench, &["upgrade", "head"]);
    assert_eq!(bench.standing("v2").await.missing, ["e5"], "the database is ahead of v2");
}

#[tokio::test]
async fn alembic_on_sqlite() {
    branches_and_a_merge(Bench::sqlite(MigrationTool::Alembic).await).await;
}

#[tokio::test]
async fn alembic_on_postgres() {
    branches_and_a_merge(Bench::postgres(MigrationTool::Alembic).await).await;
}

#[tokio::test]
async fn alembic_on_mariadb() {
    branches_and_a_merge(Bench::mariadb(MigrationTool::Alembic).await).await;
}
