//! Snapshots of MariaDB databases: whole, of one moment, and honest about what cannot be carried. Names in brackets are the
//! findings that they keep from coming back.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use deploy_ops_mcp::domain::{inventory::Engine, refusal::Code, snapshot::SnapshotLevel};

use super::{CORPUS, Stand, reached};

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_database_can_hold_is_verified() {
    let stand = Stand::new("corpus").await;
    stand.database.execute(CORPUS).await;
    let manifest = stand.take("corpus-1").await.unwrap();
    assert_eq!(manifest.level, SnapshotLevel::Verified);
    assert_eq!(manifest.rows["kinds"], 4);
    assert_eq!(manifest.rows["versioned"], 3, "with its history");
    assert_eq!(manifest.rows["empty_table"], 0);
    assert_eq!(manifest.rows["numbers"], 1, "a sequence");
    assert!(manifest.tool.starts_with("mariadb-dump "), "{}", manifest.tool);
    assert!(manifest.engine.starts_with("mariadb "), "{}", manifest.engine);
    assert_eq!(fs::read_dir(stand.sandbox.path("data/scratch")).unwrap().count(), 0);
    assert_eq!(stand.take("corpus-1").await.unwrap(), manifest);
}

/// The server writes a FLOAT with six digits, whoever asks. Most survive it; of which some do not is said.
#[tokio::test(flavor = "multi_thread")]
async fn floats_that_a_dump_cuts_are_told_and_others_are_not() {
    let stand = Stand::new("floats").await;
    stand
        .database
        .execute(
            "CREATE TABLE t (id INT PRIMARY KEY, whole FLOAT, cut FLOAT, exact FLOAT(10,3), d DOUBLE) ENGINE = InnoDB; \
             INSERT INTO t VALUES (1, 0.1, 0.5, 123456.789, 1/3), (2, 1e38, NULL, 0.001, 2/3), (3, 123456, 7, NULL, 0.1)",
        )
        .await;
    let whole = stand.take("floats-1").await.unwrap();
    assert!(!whole.tool.contains("FLOAT"), "{}", whole.tool);
    stand.database.execute("UPDATE t SET cut = 1/3 WHERE id = 2").await;
    let cut = stand.take("floats-2").await.unwrap();
    assert!(cut.tool.ends_with("which cut FLOAT values to six digits in t.cut"), "{}", cut.tool);
}

/// Each table has one change in one row, such as a collation, a text form or an order could hide.
#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_value_is_seen() {
    let stand = Stand::new("seen").await;
    stand.database.execute(CORPUS).await;
    let kinds = CORPUS.split("CREATE TABLE `odd").next().unwrap();
    let changes = [
        "utf8 = NULL WHERE id = 102",
        "latin = 'Grösse' WHERE id = 100",
        "latin = 'abc  ' WHERE id = 103",
        "d = d + 1e-16 WHERE id = 100",
        "exact = exact + 0.000000000000000000000000000001 WHERE id = 100",
        "b64 = b64 - 1 WHERE id = 100",
        "var = x'0000' WHERE id = 100",
        "place = ST_GeomFromText('POINT(1.5 -2.25)', 0) WHERE id = 100",
        "hidden = 9 WHERE id = 100",
        "emoji = 'ABC' WHERE id = 103",
        "huge = CONCAT(huge, x'00') WHERE id = 100",
        "day = NULL WHERE id = 102",
        "state = 'new' WHERE id = 103",
    ];
    let mut sql = String::new();
    for index in 0..changes.len() {
        sql += &kinds.replace(" kinds ", &format!(" kinds_{index} "));
    }
    stand.database.execute(&sql).await;
    let base = stand.take("seen-1").await.unwrap();
    let mut sql =
        "SET sql_mode = ''; UPDATE versioned SET v = 'd' WHERE id = 1; UPDATE versioned SET v = 'c' WHERE id = 1; \
                   DELETE FROM `odd ``name`` UPPER 漢字 x` LIMIT 1; SELECT SETVAL(numbers, 1000);"
            .to_owned();
    for (index, change) in changes.iter().enumerate() {
        sql += &format!("UPDATE kinds_{index} SET {change};");
    }
    stand.database.execute(&sql).await;
    let seen = stand.sandbox.world.reader().changes_since(&base).await.unwrap();
    let seen: Vec<String> = seen.tables.into_iter().map(|table| table.name).collect();
    for (index, change) in changes.iter().enumerate() {
        assert!(seen.contains(&format!("kinds_{index}")), "{change}: {seen:?}");
    }
    for name in ["versioned", "odd `name` UPPER 漢字 x", "numbers"] {
        assert!(seen.iter().any(|seen| seen == name), "{name}: {seen:?}");
    }
    assert_eq!(seen.len(), changes.len() + 3, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_the_schema_is_seen() {
    let stand = Stand::new("schema").await;
    stand.database.execute(CORPUS).await;
    let fingerprint =
        async || stand.sandbox.world.reader().schema_fingerprint(&"main".parse().unwrap()).await.unwrap().to_string();
    let mut last = fingerprint().await;
    // What is not part of the schema.
    let others =
        "SET sql_mode = ''; ALTER TABLE kinds AUTO_INCREMENT = 5000; ANALYZE TABLE kinds; ALTER EVENT `off` ENABLE";
    stand.database.execute(others).await;
    assert_eq!(fingerprint().await, last);
    let changes = [
        "ALTER TABLE log MODIFY n INT DEFAULT 1",
        "ALTER TABLE log COMMENT 'x'",
        "ALTER TABLE kinds DROP CONSTRAINT CONSTRAINT_1",
        "ALTER TABLE child DROP FOREIGN KEY child_ibfk_1",
        "ALTER TABLE `odd ``name`` UPPER 漢字 x` DROP KEY `k e y`",
        "ALTER TABLE parts DROP PARTITION p0",
        "ALTER TABLE latin_table CONVERT TO CHARACTER SET utf8mb4",
        "CREATE OR REPLACE VIEW z_view_below AS SELECT id + 0 AS id FROM parts",
        "CREATE OR REPLACE TRIGGER parts_first BEFORE INSERT ON parts FOR EACH ROW SET NEW.id = NEW.id",
        "CREATE OR REPLACE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n + n",
        "ALTER EVENT `purge` ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 00:00:00'",
        "ALTER SEQUENCE numbers INCREMENT BY 6",
        "ALTER DATABASE COLLATE utf8mb4_bin",
    ];
    for change in changes {
        stand.database.execute(change).await;
        let now = fingerprint().await;
        assert_ne!(now, last, "{change}");
        last = now;
    }
}

/// Every commit moves one point from one account to another, so that in each moment the sum is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_snapshot_under_constant_writing_is_of_one_moment() {
    for may_lock in [true, false] {
        let stand = Arc::new(Stand::new("busy").await);
        stand
            .database
            .execute(
                "CREATE TABLE account (id INT PRIMARY KEY, points BIGINT, filler CHAR(100)) ENGINE = InnoDB; \
                      INSERT INTO account SELECT seq, 100, REPEAT('x', 100) FROM seq_1_to_20000",
            )
            .await;
        let user = stand.database.user.clone();
        if !may_lock {
            for host in ["localhost", "127.0.0.1"] {
                let name = &stand.database.name;
                stand.server.execute(&format!("REVOKE LOCK TABLES ON {name}.* FROM '{user}'@'{host}'")).await;
            }
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (writing, stopped) = (stand.clone(), stop.clone());
        let writer = tokio::spawn(async move {
            let mut connection = writing.database.connect().await;
            let mut commits = 0_u64;
            while !stopped.load(Ordering::Relaxed) {
                commits += 1;
                let (from, to) = (commits % 20_000 + 1, commits * 7 % 20_000 + 1);
                let sql = format!(
                    "START TRANSACTION; UPDATE account SET points = points - 1 WHERE id = {from}; \
                     UPDATE account SET points = points + 1 WHERE id = {to}; COMMIT"
                );
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
            commits
        });
        let taken = stand.take("busy").await;
        stop.store(true, Ordering::Relaxed);
        assert!(writer.await.unwrap() > 0);
        if may_lock {
            assert_eq!(taken.unwrap().level, SnapshotLevel::Verified);
            let stored = fs::File::open(stand.sandbox.path("data/snapshots/busy.sql.zst")).unwrap();
            let text = String::from_utf8(zstd::decode_all(stored).unwrap()).unwrap();
            let points = text.lines().filter_map(|line| line.strip_prefix('(')?.split(',').nth(1)?.parse::<i64>().ok());
            assert_eq!(points.sum::<i64>(), 2_000_000);
        } else {
            // Without the lock the moment cannot be proven: refused, with the right that is missing.
            let error = taken.unwrap_err();
            assert_eq!(error.code, Code::BackupMissing);
            assert!(error.fix.contains("LOCK TABLES"), "{error:?}");
            assert!(!stand.sandbox.path("data/snapshots/busy.sql.zst").exists());
            // Nobody writes any more.
            assert_eq!(stand.take("quiet").await.unwrap().level, SnapshotLevel::Verified);
        }
    }
}

/// [E3: killed in a pipe, rc 0]
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_tool_that_is_killed_makes_no_snapshot() {
    let stand = Stand::new("killed").await;
    stand
        .database
        .execute(
            "CREATE TABLE t (id INT PRIMARY KEY, filler CHAR(200)) ENGINE = InnoDB; \
                  INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_200000",
        )
        .await;
    let name = stand.database.name.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let killer = tokio::task::spawn_blocking(move || {
        while !stopped.load(Ordering::Relaxed) {
            for entry in fs::read_dir("/proc").unwrap().map_while(Result::ok) {
                let Ok(command) = fs::read(entry.path().join("cmdline")) else { continue };
                let command = String::from_utf8_lossy(&command).into_owned();
                let ours = command.starts_with("mariadb-dump\0") && command.ends_with(&format!("\0{name}\0"));
                if let (true, Ok(pid)) = (ours, entry.file_name().to_string_lossy().parse()) {
                    let pid = rustix::process::Pid::from_raw(pid).unwrap();
                    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                    return;
                }
            }
        }
    });
    let taken = stand.take("killed-1").await;
    stop.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    let error = taken.unwrap_err();
    assert!(error.problem.contains("signal 9"), "{error:?}");
    assert_eq!(fs::read_dir(stand.sandbox.path("data/snapshots")).unwrap().count(), 0);
}

/// [E3: TRUNCATE and ALTER during --single-transaction]
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_schema_that_changes_during_the_dump_makes_no_wrong_snapshot() {
    let stand = Arc::new(Stand::new("changing").await);
    stand
        .database
        .execute("CREATE TABLE a (id INT PRIMARY KEY, filler CHAR(200)) ENGINE = InnoDB; CREATE TABLE z LIKE a; \
                  INSERT INTO a SELECT seq, REPEAT('x', 200) FROM seq_1_to_50000; INSERT INTO z SELECT * FROM a LIMIT 5000")
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let (changing, stopped) = (stand.clone(), stop.clone());
    let changer = tokio::spawn(async move {
        let mut turn = 0;
        while !stopped.load(Ordering::Relaxed) {
            turn += 1;
            let sql = format!(
                "TRUNCATE z; INSERT INTO z SELECT * FROM a LIMIT {}; ALTER TABLE z COMMENT '{turn}'",
                5000 + turn
            );
            let mut connection = changing.database.connect().await;
            // It may lose a lock to the snapshot.
            let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        }
    });
    let taken = stand.take("changing-1").await;
    stop.store(true, Ordering::Relaxed);
    changer.await.unwrap();
    match taken {
        // Between two changes there was time for a whole one.
        Ok(manifest) => assert!(manifest.rows["z"] >= 5000 || manifest.rows["z"] == 0, "{:?}", manifest.rows),
        Err(error) => assert!(error.problem.contains("changed while it was dumped"), "{error:?}"),
    }
    assert_eq!(stand.take("changing-2").await.unwrap().level, SnapshotLevel::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_has_a_snapshot() {
    let stand = Stand::new("empty").await;
    let manifest = stand.take("empty-1").await.unwrap();
    assert_eq!((manifest.level, manifest.rows.len()), (SnapshotLevel::Verified, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_transactions_are_refused_by_name() {
    let stand = Stand::new("engines").await;
    stand
        .database
        .execute(
            "CREATE TABLE a (n INT) ENGINE = MyISAM; CREATE TABLE b (n INT) ENGINE = Aria; \
                  CREATE TABLE c (n INT) ENGINE = MEMORY; CREATE TABLE d (n INT) ENGINE = InnoDB",
        )
        .await;
    let error = stand.take("engines-1").await.unwrap_err();
    assert!(error.problem.contains("a (MyISAM), b (Aria), c (MEMORY)"), "{error:?}");
    assert!(error.fix.contains("ENGINE=InnoDB"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_does_not_see_everything_is_refused() {
    let stand = Stand::new("blind").await;
    stand.database.execute("CREATE TABLE t (n INT) ENGINE = InnoDB").await;
    let (name, user) = (&stand.database.name, &stand.database.user);
    for host in ["localhost", "127.0.0.1"] {
        stand.server.execute(&format!("REVOKE TRIGGER, EVENT ON {name}.* FROM '{user}'@'{host}'")).await;
    }
    let error = stand.take("blind-1").await.unwrap_err();
    assert!(error.problem.contains("lacks TRIGGER, EVENT"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_prove_it_here_a_snapshot_is_proven_elsewhere() {
    let stand = Stand::new("proven").await;
    stand.database.execute("CREATE TABLE t (n INT) ENGINE = InnoDB; INSERT INTO t VALUES (1), (2)").await;
    for host in ["localhost", "127.0.0.1"] {
        let user = &stand.database.user;
        stand.server.execute(&format!("REVOKE ALL ON `deployops\\_v\\_%`.* FROM '{user}'@'{host}'")).await;
    }
    let error = stand.take("proven-1").await.unwrap_err();
    assert!(error.problem.contains("may not create a database"), "{error:?}");
    assert!(error.fix.contains("deployops\\_v\\_%") && error.fix.contains("scratch"), "{error:?}");
    let place = Stand::new("place").await;
    let mut server = reached(&stand.database);
    server.scratch = Some("place".parse().unwrap());
    let elsewhere = Stand::over(stand.server, stand.database.clone(), |inventory| {
        let main = inventory.databases.values_mut().next().unwrap();
        main.engine = Engine::Mariadb(server);
        let mut other = main.clone();
        other.name = "place".parse().unwrap();
        other.engine = Engine::Mariadb(reached(&place.database));
        inventory.databases.insert(other.name.clone(), other);
    });
    assert_eq!(elsewhere.take("proven-2").await.unwrap().level, SnapshotLevel::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_other_users_is_refused_when_it_cannot_be_restored() {
    let stand = Stand::new("definer").await;
    stand.database.execute("CREATE TABLE t (n INT) ENGINE = InnoDB").await;
    stand
        .server
        .execute_in(&stand.database, "CREATE DEFINER = 'gone'@'%' SQL SECURITY INVOKER VIEW v AS SELECT n FROM t")
        .await;
    let error = stand.take("definer-1").await.unwrap_err();
    assert!(error.problem.contains("SET USER") && error.problem.contains("DEFINER"), "{error:?}");
    assert!(error.fix.starts_with("Grant it SET USER"), "the fix of the restore that failed: {error:?}");
    let left = fs::read_dir(stand.sandbox.path("data/snapshots")).unwrap().count();
    assert_eq!(left, 0, "what could not be proven is no snapshot");
    for host in ["localhost", "127.0.0.1"] {
        stand.server.execute(&format!("GRANT SET USER ON *.* TO '{}'@'{host}'", stand.database.user)).await;
    }
    assert_eq!(stand.take("definer-2").await.unwrap().level, SnapshotLevel::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_left_by_killed_runs_are_swept_and_no_others() {
    let stand = Stand::new("swept").await;
    let now = jiff::Timestamp::now().as_second();
    let name = |age: i64, random: &str| format!("deployops_v_{:010x}_{random}", now - age);
    let (old, young) = (name(100_000, "0123456789ab"), name(1000, "0123456789ab"));
    let foreign = "deployops_v_shop";
    for name in [old.as_str(), &young, foreign] {
        stand.server.execute(&format!("CREATE DATABASE {name}")).await;
    }
    stand.take("swept-1").await.unwrap();
    let left = stand.databases("deployops_v_").await;
    assert!(!left.contains(&old), "{left:?}");
    assert!(left.contains(&young) && left.iter().any(|name| name == foreign), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_does_not_run_in_the_copy_that_proves_it() {
    let stand = Stand::new("event").await;
    stand.server.execute("SET GLOBAL event_scheduler = ON").await;
    let live = &stand.database.name;
    stand
        .database
        .execute(&format!(
            "CREATE TABLE t (n INT) ENGINE = InnoDB; CREATE TABLE ran (place VARCHAR(64)) ENGINE = InnoDB; \
             INSERT INTO t SELECT seq FROM seq_1_to_30000; \
             CREATE EVENT often ON SCHEDULE EVERY 1 SECOND ENABLE DO \
             INSERT INTO {live}.ran SELECT DATABASE() FROM DUAL WHERE DATABASE() <> '{live}'"
        ))
        .await;
    assert_eq!(stand.take("event-1").await.unwrap().level, SnapshotLevel::Verified);
    assert_eq!(stand.text("SELECT COUNT(*) FROM ran").await.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_million_rows_are_proven() {
    if std::env::var_os("SLOW_TESTS").is_none_or(|value| value != "1") {
        eprintln!("skipped: five million rows take minutes; they run with SLOW_TESTS=1");
        return;
    }
    let stand = Stand::new("large").await;
    stand
        .database
        .execute(
            "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(40), score DOUBLE, at DATETIME) ENGINE = InnoDB; \
                  INSERT INTO t SELECT seq, CONCAT('member ', seq), seq * 1.5, '2024-01-01' FROM seq_1_to_5000000",
        )
        .await;
    let manifest = stand.take("large-1").await.unwrap();
    assert_eq!((manifest.level, manifest.rows["t"]), (SnapshotLevel::Verified, 5_000_000));
}
