//! What a database server is doing: slow statements, long transactions, connections, locks that are waited for.

mod mariadb;
mod postgres;

use super::{Access, Connection, entry};
use crate::{
    domain::{clean::clean_line, name::DatabaseName},
    world::{
        Reader, WorldError,
        migrations::lint::{Dialect, without_literals},
    },
};

/// From when on a transaction is long, s.
const LONG_S: u32 = 60;
/// How much of a statement is shown, characters.
const SHOWN: usize = 300;

/// What a server is doing. What cannot be read does not hide the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// Its connections.
    pub connections: Option<Connections>,
    /// The statements that took the most time in all, the most expensive first.
    pub slow: Vec<SlowStatement>,
    /// Transactions that are open for a minute or longer, the oldest first; `None` when they could not be read.
    pub long: Option<Vec<Session>>,
    /// Sessions that wait for a lock, the longest first; `None` when they could not be read.
    pub waiting: Option<Vec<Session>>,
    /// What could not be read, and why: one sentence each, in our words.
    pub not_read: Vec<String>,
}

/// The connections of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// To this database, where the server tells.
    pub database: Option<u64>,
    /// To the server.
    pub server: u64,
    /// As many as it lets in.
    pub limit: u64,
}

/// A kind of statement that the server counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowStatement {
    /// How often it ran.
    pub calls: u64,
    /// How long all runs took, ms.
    pub total_ms: u64,
    /// How long a run took, ms.
    pub mean_ms: u64,
    /// The statement without literals, numbers and comments. Others wrote it.
    pub text: String,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number on the server.
    pub id: String,
    /// How long its transaction is open, or how long it waits, s.
    pub age_s: u64,
    /// What it does, as the server calls it.
    pub state: String,
    /// The sessions that it waits for.
    pub blocked_by: Option<String>,
    /// Its statement without literals, numbers and comments. Others wrote it.
    pub text: String,
}

impl Reader<'_> {
    /// What the server of a database is doing, with `limit` entries of each kind. For SQLite nothing is known.
    pub async fn database_activity(&self, name: &DatabaseName, limit: usize) -> Result<Activity, WorldError> {
        let database = entry(self.inventory(), name)?;
        let mut connection = self.connect(database, Access::Look).await?;
        let activity = match &mut connection {
            Connection::Sqlite(_) => Activity {
                not_read: vec![
                    "SQLite keeps no statistics: its users are the processes that open the file.".to_owned(),
                ],
                ..Activity::default()
            },
            Connection::Postgres(_) => postgres::activity(&mut connection, limit).await,
            Connection::Mariadb(_) => mariadb::activity(&mut connection, limit).await,
        };
        connection.close().await?;
        Ok(activity)
    }
}

type Rows = Vec<Vec<Option<String>>>;

/// What was read, or a note why it could not be.
fn noted(what: &str, rows: Result<Rows, WorldError>, activity: &mut Activity) -> Option<Rows> {
    rows.map_err(|error| activity.not_read.push(format!("{what}: {}. {}", error.problem, error.fix))).ok()
}

/// The columns: calls, all ms, mean ms, text.
fn slow(dialect: Dialect, rows: Rows) -> Vec<SlowStatement> {
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    let one = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (calls, total_ms, mean_ms) = (number(next()), number(next()), number(next()));
        SlowStatement { calls, total_ms, mean_ms, text: shown(dialect, next()) }
    };
    rows.into_iter().map(one).collect()
}

/// The columns: id, age, state, blocked by, text.
fn sessions(dialect: Dialect, rows: Rows) -> Vec<Session> {
    let one = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (id, age) = (next().unwrap_or_default(), next());
        let (state, blocked_by) = (next().unwrap_or_default(), next().filter(|by| !by.is_empty()));
        let age_s = age.and_then(|text| text.parse().ok()).unwrap_or(0);
        Session { id, age_s, state, blocked_by, text: shown(dialect, next()) }
    };
    rows.into_iter().map(one).collect()
}

/// A statement as it may be shown.
fn shown(dialect: Dialect, text: Option<String>) -> String {
    let text = without_literals(dialect, &text.unwrap_or_default());
    clean_line(&text).chars().take(SHOWN).collect()
}
