//! Restoring beside, and taking the place by two renames that are one.

use deploy_ops_mcp::{
    domain::{inventory::DatabaseServer, refusal::Code, step::RestoreDatabase},
    policy::Permit,
    world::snapshots::RestoreState,
};
use sqlx::Connection;

use super::{permit_for, restore_of, server, snapshot, stage, superuser, text, world_of};
use crate::support::{
    manifests,
    postgres::{Database, Postgres},
    sandbox::Sandbox,
};

const ROWS: &str = "SELECT count(*) FROM t";

/// A database with a snapshot of 1000 rows of which 10 are left, and the right to restore it.
async fn emptied(name: &str) -> (&'static Postgres, Database, Sandbox, RestoreDatabase, Permit) {
    let (postgres, database, sandbox) = stage(name).await;
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    database.execute("DELETE FROM t WHERE n > 10").await;
    let restore = restore_of(&manifest);
    let permit = permit_for(Some(&restore));
    (postgres, database, sandbox, restore, permit)
}

async fn state(sandbox: &Sandbox, permit: &Permit, restore: &RestoreDatabase) -> RestoreState {
    sandbox.world.reader().restore_state(permit.operation(), restore).await.unwrap()
}

/// The other databases of a restore, by what they are: `r`, `old`, `undone`.
async fn beside(database: &Database) -> String {
    let names = format!("datname LIKE '{}\\_\\_%'", database.name);
    let kind = "split_part(split_part(datname, '__', 2), '_', 1)";
    text(
        database,
        &format!("SELECT coalesce(string_agg({kind}, ' ' ORDER BY datname), '') FROM pg_database WHERE {names}"),
    )
    .await
}

fn operation(permit: &Permit) -> &str {
    permit.operation().as_str().rsplit('-').next().unwrap()
}

#[tokio::test]
async fn a_restore_takes_the_place_of_a_database_in_use_and_keeps_it() {
    let (_, database, sandbox, restore, permit) = emptied("swap").await;
    assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::NotDone);
    // An application that stays connected, in a transaction.
    let mut session = database.connect().await;
    sqlx::raw_sql("BEGIN; INSERT INTO t VALUES (11)").execute(&mut session).await.unwrap();
    sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert!(sqlx::raw_sql("COMMIT").execute(&mut session).await.is_err(), "it was ended");
    assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::Done);
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("1000".into(), "old".into()));
    // Again: nothing happens.
    sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("1000".into(), "old".into()));
    for _ in 0..2 {
        sandbox.world.take_back_restore(&permit, &restore).await.unwrap();
        assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::TakenBack);
        assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), "undone".into()));
    }
    // And forward once more.
    sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("1000".into(), "old undone".into()));
    sandbox.world.take_back_restore(&permit, &restore).await.unwrap();
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), "undone".into()));
}

/// What a server that was killed leaves at each point.
#[tokio::test]
async fn a_restore_that_was_interrupted_goes_on_or_is_taken_back() {
    let (postgres, database, sandbox, restore, _) = emptied("interrupted").await;
    for point in ["nothing", "created", "half filled", "closed"] {
        for forward in [false, true] {
            let permit = permit_for(Some(&restore));
            let prepared = format!("{}__r_{}", database.name, operation(&permit));
            if point != "nothing" {
                database.execute(&format!("CREATE DATABASE {prepared}")).await;
            }
            if matches!(point, "half filled" | "closed") {
                let half = Database { name: prepared.clone(), ..database.clone() };
                half.execute("CREATE TABLE t AS SELECT 1 AS n").await;
            }
            if point == "closed" {
                postgres.execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name)).await;
            }
            assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::NotDone, "{point}");
            if forward {
                sandbox.world.restore_database(&permit, &restore).await.unwrap_or_else(|e| panic!("{point}: {e}"));
                assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::Done, "{point}");
                assert_eq!((text(&database, ROWS).await, beside(&database).await), ("1000".into(), "old".into()));
            }
            sandbox.world.take_back_restore(&permit, &restore).await.unwrap();
            let left = if forward { "undone" } else { "" };
            assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), left.into()), "{point}");
            database
                .execute(&format!("DROP DATABASE IF EXISTS {}__undone_{}", database.name, operation(&permit)))
                .await;
        }
    }
}

/// Both names change or none, and the database answers afterwards.
#[tokio::test]
async fn a_swap_that_fails_leaves_everything_as_it_was() {
    let (_, database, sandbox, restore, permit) = emptied("fails").await;
    // The superuser's sessions are not ours to end.
    let mut superuser = superuser(&database).await;
    let refused = sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(refused.code, Code::WrongState);
    assert!(refused.fix.contains("pg_signal_backend"), "{refused:?}");
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), String::new()));
    assert_eq!(state(&sandbox, &permit, &restore).await, RestoreState::NotDone);
    sqlx::raw_sql("SELECT 1").execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!(text(&database, ROWS).await, "1000");
}

/// What is not the snapshot never takes the place of the live database.
#[tokio::test]
async fn only_what_is_proven_beside_the_live_database_takes_its_place() {
    let (_, database, sandbox, restore, permit) = emptied("proven").await;
    let (data, file) = (sandbox.path("data"), sandbox.path("data/snapshots/main-1.pgdump.zst"));
    let manifest = sandbox.world.reader().snapshot_manifest(&restore.snapshot).unwrap();
    let good = std::fs::read(&file).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&file, flipped).unwrap();
    let refused = sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(refused.problem, "its file does not have the digest of its manifest");
    std::fs::write(&file, &good).unwrap();
    let mut other = manifest.clone();
    other.rows.insert("t".to_owned(), 4);
    manifests::forge(&data, &other);
    let refused = sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(refused.problem, "beside the database it became something else: different are the rows of t");
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), String::new()));
    manifests::forge(&data, &manifest);
    sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!(text(&database, ROWS).await, "1000");
}

#[tokio::test]
async fn without_the_right_nothing_is_begun() {
    let (postgres, database, sandbox, restore, permit) = emptied("right").await;
    postgres.execute(&format!("ALTER DATABASE {} OWNER TO postgres", database.name)).await;
    let refused = sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(refused.code, Code::Unsupported);
    assert!(refused.fix.contains("CREATEDB") && refused.fix.contains("owner"), "{refused:?}");
    assert_eq!((text(&database, ROWS).await, beside(&database).await), ("10".into(), String::new()));
}

/// The address leads to another cluster, which has a database of the same name.
#[tokio::test]
async fn another_database_behind_the_address_is_not_touched() {
    let (_, database, sandbox, restore, permit) = emptied("swapped").await;
    let elsewhere = Postgres::of_another_cluster().await;
    elsewhere.execute(&format!("CREATE ROLE {} LOGIN CREATEDB PASSWORD '{}'", database.user, database.password)).await;
    elsewhere.execute(&format!("CREATE DATABASE {0} OWNER {0}", database.name)).await;
    let other = elsewhere.database("other").await;
    let other = Database { name: database.name.clone(), user: database.user.clone(), ..other };
    other.execute("CREATE TABLE t (n INT)").await;
    let swapped = world_of(&[("main", server(&other))], &database.password);
    let (from, to) = (sandbox.path("data"), swapped.path("data"));
    std::fs::remove_dir_all(&to).ok();
    assert!(std::process::Command::new("cp").arg("-a").args([&from, &to]).status().unwrap().success());
    let refused = swapped.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!((refused.code, refused.problem.as_str()), (Code::WrongState, "the snapshot is of another database"));
    assert_eq!((text(&other, ROWS).await, beside(&other).await), ("0".into(), String::new()));
}

/// The rights that `docs/postgres.md` names are enough, and what belonged to the owner belongs to it again.
#[tokio::test]
async fn a_member_of_the_owner_with_the_named_rights_takes_and_restores() {
    let postgres = Postgres::start().await;
    let (database, deploy) = (postgres.database("owned").await, postgres.database("deploy").await);
    let rights =
        format!("GRANT {} TO {1}; ALTER ROLE {1} CREATEDB; GRANT pg_signal_backend TO {1}", database.user, deploy.user);
    postgres.execute(&rights).await;
    let login = DatabaseServer { user: deploy.user.clone(), ..server(&database) };
    let sandbox = world_of(&[("main", login)], &database.password);
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n").await;
    let restore = restore_of(&snapshot(&sandbox, "main-1").await);
    database.execute("DELETE FROM t").await;
    let mut session = database.connect().await;
    sandbox.world.restore_database(&permit_for(Some(&restore)), &restore).await.unwrap();
    assert!(sqlx::raw_sql("SELECT 1").execute(&mut session).await.is_err(), "it was ended");
    assert_eq!(text(&database, ROWS).await, "1000");
    let owners = "SELECT pg_get_userbyid(datdba) || ' ' || (SELECT tableowner FROM pg_tables WHERE tablename = 't') \
                  FROM pg_database WHERE datname = current_database()";
    assert_eq!(text(&database, owners).await, format!("{0} {0}", database.user));
}
