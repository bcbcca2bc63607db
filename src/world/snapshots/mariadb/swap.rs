//! Tables change places between the live database and another one.
//!
//! MariaDB cannot rename a database, but one `RENAME TABLE` moves any number of tables between databases at once: other sessions
//! see all of it or nothing, and foreign keys move along. Triggers, views, routines and events cannot be moved; they are written
//! down before and declared again after, so for a moment there are tables without triggers, and views that are missing. That
//! is why applications belong into maintenance.
//!
//! Each side keeps its own notes, in a table of the database that it comes from or goes to: which tables belong to it, and what it
//! declares. With them and `information_schema`, a swap that was interrupted anywhere is finished or taken back.

use tempfile::TempDir;

use super::{
    definitions::{ACTIVE, ALL, literal},
    login::Login,
    scratch,
    tools::{self, Role, Tool},
};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer},
        refusal::Code,
    },
    world::{
        Reader, WorldError,
        database::{
            Access, DatabaseIdentity,
            mariadb::{Connection, quoted},
        },
    },
};

/// Where a side keeps its notes. Its last row is written last.
const NOTES: &str = "deployops_restore_notes";
/// One note, bytes: in hexadecimal it fits into the smallest usual packet.
const PIECE: usize = 256 * 1024;

/// The live database, and the means to change it.
pub(super) struct Swap<'a> {
    pub(super) login: Login<'a>,
    pub(super) directory: TempDir,
    pub(super) dump: Tool,
    pub(super) client: Tool,
}

/// The notes of one side.
struct Notes {
    tables: Vec<String>,
    declared: Vec<u8>,
}

impl<'a> Swap<'a> {
    pub(super) async fn new(
        reader: Reader<'_>,
        database: &'a Database,
        server: &'a DatabaseServer,
        identity: &DatabaseIdentity,
    ) -> Result<Self, WorldError> {
        let login = Login::new(reader, database, server).await?;
        let directory = reader.scratch("restore-")?;
        let dump = tools::find(Role::Dump, &identity.engine, directory.path()).await?;
        let client = tools::find(Role::Client, &identity.engine, directory.path()).await?;
        Ok(Self { login, directory, dump, client })
    }

    pub(super) fn live(&self) -> &str {
        &self.login.server.database
    }

    /// A connection to the live database that may change it.
    pub(super) async fn connect(&self) -> Result<Connection, WorldError> {
        self.login.connect(self.live(), Access::Change).await
    }

    /// The tables of `incoming` become those of the live database, and those go to `outgoing`. `incoming` must have its notes; it is
    /// dropped at the end. Begun again after an interruption it goes on.
    pub(super) async fn exchange(&self, incoming: &str, outgoing: &str) -> Result<(), WorldError> {
        let mut connection = self.connect().await?;
        self.require_no_outside_keys(&mut connection).await?;
        let began = self.has_notes(&mut connection, outgoing).await?;
        if !(began && self.is_moved(&mut connection, incoming, outgoing).await?) {
            if began {
                // The live database may have changed since. It is noted anew, from what it was.
                self.give_back(outgoing).await?;
            }
            self.require_idle(&mut connection).await?;
            drop_database(&mut connection, outgoing).await?;
            create_like(&mut connection, outgoing, self.live()).await.map_err(|error| self.refused(error))?;
            let declared = self.definitions(self.live(), &[]).await?;
            self.write_notes(outgoing, self.live(), declared).await?;
            self.undeclare(self.live(), ACTIVE).await?;
            self.undeclare(incoming, ACTIVE).await?;
            if let Err(error) = self.move_tables(&mut connection, incoming, outgoing).await {
                self.give_back(outgoing).await?;
                return Err(in_use(error));
            }
        }
        let declared = self.notes(&mut connection, incoming).await?.declared;
        self.undeclare(self.live(), ALL).await?;
        let charset = charset(&mut connection, incoming).await?;
        connection.execute(&format!("ALTER DATABASE {} {charset}", quoted(self.live()))).await?;
        self.declare(self.live(), declared).await?;
        drop_database(&mut connection, incoming).await?;
        connection.close().await
    }

    /// Declares again what the live database declared before its tables were to go to `outgoing`, which is dropped. Its tables
    /// have not moved.
    pub(super) async fn give_back(&self, outgoing: &str) -> Result<(), WorldError> {
        let mut connection = self.connect().await?;
        let notes = self.notes(&mut connection, outgoing).await?;
        self.undeclare(self.live(), ALL).await?;
        self.declare(self.live(), notes.declared).await?;
        drop_database(&mut connection, outgoing).await?;
        connection.close().await
    }

    /// Whether the tables have changed places. All of them do so at once.
    pub(super) async fn is_moved(
        &self,
        connection: &mut Connection,
        incoming: &str,
        outgoing: &str,
    ) -> Result<bool, WorldError> {
        let leaving = self.notes(connection, outgoing).await?.tables;
        let left = tables(connection, outgoing).await?;
        Ok(tables(connection, incoming).await?.is_empty() && leaving.iter().all(|name| left.contains(name)))
    }

    async fn move_tables(&self, connection: &mut Connection, incoming: &str, outgoing: &str) -> Result<(), WorldError> {
        let (coming, leaving) = (self.notes(connection, incoming).await?, self.notes(connection, outgoing).await?);
        let moves = |tables: &[String], from: &str, to: &str| -> Vec<String> {
            let (from, to) = (quoted(from), quoted(to));
            tables.iter().map(|name| quoted(name)).map(|name| format!("{from}.{name} TO {to}.{name}")).collect()
        };
        let mut all = moves(&leaving.tables, self.live(), outgoing);
        all.extend(moves(&coming.tables, incoming, self.live()));
        if all.is_empty() {
            return Ok(());
        }
        connection.execute(&format!("RENAME TABLE {}", all.join(", "))).await
    }

    /// Refuses when another session has a transaction open on a table: it would hold everybody up, and then us.
    async fn require_idle(&self, connection: &mut Connection) -> Result<(), WorldError> {
        let tables = tables(connection, self.live()).await?;
        if tables.is_empty() {
            return Ok(());
        }
        let live = quoted(self.live());
        let list: Vec<String> = tables.iter().map(|name| format!("{live}.{} WRITE", quoted(name))).collect();
        connection.execute(&format!("LOCK TABLES {}", list.join(", "))).await.map_err(in_use)?;
        connection.execute("UNLOCK TABLES").await
    }

    /// Foreign keys of other databases would follow the old tables.
    async fn require_no_outside_keys(&self, connection: &mut Connection) -> Result<(), WorldError> {
        let from = connection
            .rows(&format!(
                "SELECT DISTINCT CONCAT(table_schema, '.', table_name) FROM information_schema.key_column_usage \
                 WHERE referenced_table_schema = '{0}' AND table_schema <> '{0}' ORDER BY 1",
                literal(self.live())
            ))
            .await?;
        let from: Vec<String> = from.into_iter().flatten().flatten().collect();
        if from.is_empty() {
            return Ok(());
        }
        Err(WorldError::new(
            Code::Unsupported,
            format!("restore database {}", self.login.name),
            format!("foreign keys of other databases point into it: {}", from.join(", ")),
            "Drop those foreign keys, restore, and declare them again.",
        ))
    }

    /// Notes the tables of `of` and what it declares, in `database`.
    pub(super) async fn write_notes(&self, database: &str, of: &str, declared: Vec<u8>) -> Result<(), WorldError> {
        let mut connection = self.connect().await?;
        let tables = tables(&mut connection, of).await?;
        let notes = format!("{}.{NOTES}", quoted(database));
        connection
            .execute(&format!(
                "CREATE TABLE {notes} (position INT AUTO_INCREMENT PRIMARY KEY, kind VARCHAR(16) NOT NULL, \
                 body LONGBLOB NOT NULL) ENGINE = InnoDB CHARACTER SET utf8mb4"
            ))
            .await?;
        let tables = tables.iter().map(|name| ("table", name.as_bytes()));
        let pieces = declared.chunks(PIECE).map(|piece| ("declared", piece));
        for (kind, body) in tables.chain(pieces).chain([("complete", &b""[..])]) {
            let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
            connection.execute(&format!("INSERT INTO {notes} (kind, body) VALUES ('{kind}', x'{hex}')")).await?;
        }
        connection.close().await
    }

    /// Whether a database exists and has all its notes.
    pub(super) async fn has_notes(&self, connection: &mut Connection, database: &str) -> Result<bool, WorldError> {
        let found = connection
            .text(&format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' AND table_name = '{NOTES}'",
                literal(database)
            ))
            .await?;
        if found.is_none() {
            return Ok(false);
        }
        let complete =
            connection.text(&format!("SELECT kind FROM {}.{NOTES} WHERE kind = 'complete'", quoted(database))).await?;
        Ok(complete.is_some())
    }

    async fn notes(&self, connection: &mut Connection, database: &str) -> Result<Notes, WorldError> {
        let rows = connection
            .rows(&format!("SELECT kind, HEX(body) FROM {}.{NOTES} ORDER BY position", quoted(database)))
            .await?;
        let mut notes = Notes { tables: Vec::new(), declared: Vec::new() };
        for row in rows {
            if let [Some(kind), Some(body)] = row.as_slice() {
                let body = bytes(body);
                match kind.as_str() {
                    "table" => notes.tables.push(String::from_utf8_lossy(&body).into_owned()),
                    _ => notes.declared.extend(body),
                }
            }
        }
        Ok(notes)
    }

    /// Names the right that is missing, when that is the problem.
    pub(super) fn refused(&self, error: WorldError) -> WorldError {
        let pattern = self.live().replace('_', "\\_");
        let fix = format!(
            "GRANT ALL ON `{pattern}\\_\\_%`.* to the user of deploy-ops.toml: restores need databases beside it."
        );
        scratch::refused(error, &fix)
    }
}

/// The tables of a database, without our notes.
async fn tables(connection: &mut Connection, database: &str) -> Result<Vec<String>, WorldError> {
    let rows = connection
        .rows(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' AND table_type <> 'VIEW' \
             AND table_name <> '{NOTES}' ORDER BY 1",
            literal(database)
        ))
        .await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// What a database gives its new objects.
async fn charset(connection: &mut Connection, database: &str) -> Result<String, WorldError> {
    let found = connection
        .text(&format!(
            "SELECT CONCAT('CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name) \
             FROM information_schema.schemata WHERE schema_name = '{}'",
            literal(database)
        ))
        .await?;
    Ok(found.unwrap_or_default())
}

async fn create_like(connection: &mut Connection, database: &str, model: &str) -> Result<(), WorldError> {
    let charset = charset(connection, model).await?;
    connection.execute(&format!("CREATE DATABASE {} {charset}", quoted(database))).await
}

/// Ends the sessions in one of the databases beside the live one: a client program outlives us when we are killed, and what it has
/// read by then would go into the next database of that name.
pub(super) async fn end_sessions(connection: &mut Connection, database: &str) -> Result<(), WorldError> {
    let sessions = connection
        .rows(&format!("SELECT id FROM information_schema.processlist WHERE db = '{}'", literal(database)))
        .await?;
    for id in sessions.into_iter().flatten().flatten() {
        match connection.execute(&format!("KILL CONNECTION {id}")).await {
            // It has ended by itself.
            Err(error) if Connection::number(&error) == 1094 => {}
            killed => killed?,
        }
    }
    Ok(())
}

/// Drops one of the databases beside the live one.
pub(super) async fn drop_database(connection: &mut Connection, database: &str) -> Result<(), WorldError> {
    connection.execute(&format!("DROP DATABASE IF EXISTS {}", quoted(database))).await
}

fn in_use(error: WorldError) -> WorldError {
    if Connection::number(&error) != 1205 {
        return error;
    }
    WorldError {
        code: Code::WrongState,
        problem: "other sessions have transactions open on it".to_owned(),
        fix: "Stop the application or put it into maintenance, then try again.".to_owned(),
        ..error
    }
}

/// The bytes of a hexadecimal text of the server.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
