//! Dumping a database that others go on writing, together with what it held in the same moment.
//!
//! A dump tool sees one moment, but it is another session's: ours has to be the same one. So every table is locked against
//! writes, our session begins its moment, the tool begins its own, and the lock is let go; it holds writers up for as long as a
//! program takes to start. A user who may not lock reads everything twice instead, before and after: when both are equal, nobody
//! wrote in between. When somebody did, or changed the schema, the dump is begun again.

use std::{fs::File, io::Read, os::fd::OwnedFd, path::Path, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::timeout};

use super::{
    super::{Dump, Dumped, store},
    login::Login,
    proving_place,
    scratch::Scratch,
    stream::Dumping,
    tools::{self, Role, Tool, saw_a_change},
};
use crate::{
    domain::{clean::clean_line, digest::Digest, inventory::DatabaseServer, refusal::Code},
    world::{
        Reader, WorldError,
        blocking::blocking,
        database::{
            Access, Connection, Contents,
            mariadb::{self, cut_floats, quoted, require_sight, schema, untransactional},
        },
        process::{self, Capture},
    },
};

/// How often a dump is begun again because the database changed under it.
const ATTEMPTS: u32 = 4;
/// How long writers may be held up, and how long we wait for them.
const FENCE: Duration = Duration::from_secs(20);

/// One attempt.
enum Attempt {
    Taken(Dumped),
    /// The database changed: how.
    Moved(&'static str),
}

/// Dumps the database and reads, in the same moment, what it holds.
pub(in crate::world::snapshots) async fn dump(
    reader: Reader<'_>,
    dump: Dump<'_>,
    server: &DatabaseServer,
) -> Result<Dumped, WorldError> {
    // Whether it can be proven is known before hours are spent on a dump.
    let (place, at) = proving_place(reader, dump.database, server)?;
    let place = Login::new(reader, place, at).await?;
    Scratch::create(&place, reader.now()).await?.drop(&place).await?;
    let login = Login::new(reader, dump.database, server).await?;
    let directory = reader.scratch("snapshot-")?;
    let tool = tools::find(Role::Dump, &dump.identity.engine, directory.path()).await?;
    let mut moved = "";
    for _ in 0..ATTEMPTS {
        match attempt(&login, &dump, &tool, directory.path()).await? {
            Attempt::Taken(dumped) => return Ok(dumped),
            Attempt::Moved(how) => moved = how,
        }
    }
    Err(WorldError::new(
        Code::BackupMissing,
        doing(&login),
        moved,
        "Take the snapshot when no migration runs, and GRANT LOCK TABLES on the database to the user of deploy-ops.toml, so that \
         it can be of one moment however much is written.",
    ))
}

fn doing(login: &Login<'_>) -> String {
    format!("dump database {}", login.name)
}

async fn attempt(login: &Login<'_>, dump: &Dump<'_>, tool: &Tool, directory: &Path) -> Result<Attempt, WorldError> {
    let database = &login.server.database;
    let mut fence = login.connect(database, Access::ReadAll).await?;
    require_sight(&mut fence).await?;
    let tables = tables(&mut fence, login, tool).await?;
    let prefix = charset(&mut fence).await?;
    let mut pinned = login.connect(database, Access::ReadAll).await?;
    let fenced = lock(&mut fence, &tables).await?;
    pinned.begin().await?;
    let before = schema(&mut pinned).await?;

    let (output, input) = std::io::pipe().map_err(|e| WorldError::io(doing(login), e))?;
    let mut invocation = tool.invocation(login, directory, &arguments(tool, &tables, database))?;
    invocation.output = Some(File::from(OwnedFd::from(input)));
    let (flows, begun) = oneshot::channel();
    let (to, keys) = (dump.partial.to_owned(), Arc::clone(&dump.keys));
    let storing = blocking(move || {
        let mut source = Dumping::new(output, flows);
        let stored = store::write(&mut prefix.as_bytes().chain(&mut source), &to, &keys)?;
        Ok((stored, source.is_complete()))
    });
    let (mut said, watch) = (Capture::default(), login.watch());
    let running = process::run_into(invocation, &mut said, |_| {});
    let reading = async {
        // What a program has written to a pipe fills a buffer first, which takes more than what it writes before its moment.
        let in_time = timeout(FENCE, begun).await.is_ok();
        fence.execute("UNLOCK TABLES").await?;
        let cut = cut_floats(&mut pinned).await?;
        let mut pinned = Connection::Mariadb(pinned);
        let expected = Contents::read(&mut pinned, dump.database.migrations).await;
        pinned.close().await?;
        expected.map(|expected| (expected, cut, in_time))
    };
    let (ran, stored, read) = tokio::join!(running, storing, reading);
    let (said, (ending, _)) = (said.finish(), ran?);
    if saw_a_change(&said) {
        return Ok(Attempt::Moved(CHANGED));
    }
    // A full disk ends the tool as well; the disk is the cause.
    let (stored, complete) = stored?;
    tool.judge(&doing(login), ending, &said).map_err(|error| watch.explain(error))?;
    if !complete {
        return Err(WorldError::new(
            Code::BackupMissing,
            doing(login),
            format!("{} ended without its end mark", tool.describe()),
            "Try again, and look at the server's log when it happens again.",
        ));
    }
    let (expected, cut, in_time) = match read {
        Err(error) if mariadb::Connection::number(&error) == 1412 => return Ok(Attempt::Moved(CHANGED)),
        read => read?,
    };
    let unchanged = Unchanged { schema: before, contents: (!(fenced && in_time)).then_some(&expected) };
    if let Some(how) = unchanged.check(login, dump, &expected).await? {
        return Ok(Attempt::Moved(how));
    }
    Ok(Attempt::Taken(Dumped { stored, expected, tool: carried_by(tool, &cut) }))
}

const CHANGED: &str = "its schema was changed while it was dumped";
const WRITTEN: &str = "it was written while it was dumped, and the user may not lock its tables";

/// What must be as it was when the dump began.
struct Unchanged<'a> {
    schema: Digest,
    /// Needed when no lock held writers up.
    contents: Option<&'a Contents>,
}

impl Unchanged<'_> {
    /// How the database changed.
    async fn check(
        &self,
        login: &Login<'_>,
        dump: &Dump<'_>,
        expected: &Contents,
    ) -> Result<Option<&'static str>, WorldError> {
        let mut now = login.connect(&login.server.database, Access::ReadAll).await?;
        now.begin().await?;
        if schema(&mut now).await? != self.schema || expected.schema != self.schema {
            return Ok(Some(CHANGED));
        }
        let Some(contents) = self.contents else { return Ok(None) };
        let mut now = Connection::Mariadb(now);
        let later = Contents::read(&mut now, dump.database.migrations).await?;
        now.close().await?;
        Ok((later != *contents).then_some(WRITTEN))
    }
}

/// What is dumped.
struct Tables {
    names: Vec<String>,
    have_history: bool,
}

/// The columns that are named.
const NAMED: usize = 5;

/// The tool, and what it could not carry.
fn carried_by(tool: &Tool, cut: &[String]) -> String {
    if cut.is_empty() {
        return tool.describe();
    }
    let named: Vec<String> = cut.iter().take(NAMED).map(|column| clean_line(column)).collect();
    let more = cut.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}, which cut FLOAT values to six digits in {}{more}", tool.describe(), named.join(", "))
}

/// The tables, if all of them can be dumped as of one moment.
async fn tables(connection: &mut mariadb::Connection, login: &Login<'_>, tool: &Tool) -> Result<Tables, WorldError> {
    let refused = |problem: String, fix: &str| Err(WorldError::new(Code::Unsupported, doing(login), problem, fix));
    let without = untransactional(connection).await?;
    if !without.is_empty() {
        return refused(
            format!("these tables have no transactions, so no moment of them can be read: {}", without.join(", ")),
            "ALTER TABLE … ENGINE=InnoDB.",
        );
    }
    let rows = connection
        .rows(
            "SELECT table_name, table_type FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type <> 'VIEW' ORDER BY 1",
        )
        .await?;
    let mut found = Tables { names: Vec::new(), have_history: false };
    for row in rows {
        if let [Some(name), Some(kind)] = row.as_slice() {
            found.have_history |= kind == "SYSTEM VERSIONED";
            found.names.push(name.clone());
        }
    }
    if found.have_history && !tool.carries_history() {
        return refused(
            format!("{} cannot carry the history of tables WITH SYSTEM VERSIONING", tool.describe()),
            "Install the client programs of MariaDB 10.11 or newer on this machine.",
        );
    }
    Ok(found)
}

/// What the database gives its new objects; a dump of a single database does not say it.
async fn charset(connection: &mut mariadb::Connection) -> Result<String, WorldError> {
    let set = connection.text("SELECT CONCAT(@@character_set_database, ' COLLATE ', @@collation_database)").await?;
    Ok(format!("ALTER DATABASE CHARACTER SET {};\n", set.unwrap_or_default()))
}

/// Locks every table against writes. False when the user may not, or when somebody writes for longer than others should wait.
async fn lock(connection: &mut mariadb::Connection, tables: &Tables) -> Result<bool, WorldError> {
    if tables.names.is_empty() {
        return Ok(true);
    }
    let list: Vec<String> = tables.names.iter().map(|name| format!("{} READ", quoted(name))).collect();
    connection.execute("SET SESSION lock_wait_timeout = 3").await?;
    match connection.execute(&format!("LOCK TABLES {}", list.join(", "))).await {
        Ok(()) => Ok(true),
        Err(error) if [1044, 1142, 1205].contains(&mariadb::Connection::number(&error)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn arguments<'a>(tool: &Tool, tables: &Tables, database: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![
        "--single-transaction",
        "--quick",
        "--routines",
        "--triggers",
        "--events",
        "--hex-blob",
        "--no-tablespaces",
        // Restored into an empty database, it must never remove anything.
        "--skip-add-drop-table",
        // The same data is the same file.
        "--skip-dump-date",
    ];
    if tables.have_history {
        arguments.push("--dump-history");
    }
    if !tool.is_mariadb() {
        arguments.push("--set-gtid-purged=OFF");
    }
    arguments.extend(["--", database]);
    arguments
}
