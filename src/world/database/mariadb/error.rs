//! What MariaDB refuses, in our words: its own may hold data.

use sqlx::mysql::MySqlDatabaseError;

use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::WorldError,
};

/// The error of a statement or a connection. Numbers: MariaDB error codes, <https://mariadb.com/kb/en/mariadb-error-codes/>.
pub(super) fn failed(name: &DatabaseName, doing: &str, error: sqlx::Error) -> WorldError {
    let number = number_of(&error);
    let known = words(number).or(match &error {
        sqlx::Error::Tls(_) => words(2026),
        // A certificate that is refused ends the handshake like this.
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => words(2026),
        sqlx::Error::Io(_) => Some((
            "its server cannot be reached",
            "Check address and port in deploy-ops.toml, and that the server is up.",
        )),
        _ => None,
    });
    let (problem, fix) = known.unwrap_or(("MariaDB refused", "Look at the server's log."));
    WorldError::new(Code::WorldFailed, format!("{doing} database {name}"), problem, fix).because(error)
}

/// The number of an error of the server; 0 for every other.
pub(super) fn number(error: &WorldError) -> u16 {
    let source = error.source.as_deref().and_then(|source| source.downcast_ref::<sqlx::Error>());
    source.map_or(0, number_of)
}

/// Whether it is one of a login.
pub(in crate::world) fn refuses_login(error: &WorldError) -> bool {
    matches!(number(error), 1044 | 1045 | 1698)
}

fn number_of(error: &sqlx::Error) -> u16 {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    error.map_or(0, MySqlDatabaseError::number)
}

/// What an error number means and what to do about it, for the server's own and those of its client programs.
pub(crate) fn words(number: u16) -> Option<(&'static str, &'static str)> {
    Some(match number {
        1044 | 1045 | 1698 => (
            "the server refused the login",
            "Check user and password secret in deploy-ops.toml, and which addresses the server lets the user in from.",
        ),
        1049 => ("the server has no database of that name", "Correct `database` in deploy-ops.toml."),
        1142 | 1143 | 1370 => ("the user lacks a right", "Grant the user of deploy-ops.toml the right to do this."),
        1227 => (
            "only a user with SET USER may create views, triggers, routines and events of other users (DEFINER)",
            "Grant it SET USER (MySQL: SET_ANY_DEFINER), change the DEFINER of views, triggers, routines and events, or name a \
             `scratch` database on a server where it may.",
        ),
        1040 | 1203 | 1226 => ("the server has no free connection", "Try again when fewer are connected."),
        1021 | 1114 => ("the server's disk is full", "Free space on the server and try again."),
        1205 => ("somebody holds a lock on a table", "Try again when long transactions have ended."),
        1969 | 3024 => ("the statement took too long", "Try again when the server has less to do."),
        1290 | 1836 => ("the server accepts only reads", "Name the primary server in deploy-ops.toml, not a replica."),
        1356 => (
            "a view names what does not exist, or what its DEFINER may not read",
            "Repair or drop the view: dump tools stop at it.",
        ),
        1792 => ("the session may only read", "Report this as a defect."),
        1053 | 1077 => ("the server is stopping", "Try again when it is up."),
        1412 => ("a table was changed by ALTER, TRUNCATE or the like meanwhile", "Try again when no migration runs."),
        1153 | 2020 => (
            "a row is larger than the server's max_allowed_packet allows in SQL",
            "Raise max_allowed_packet to more than twice the largest value.",
        ),
        2002 | 2003 | 2005 => {
            ("its server cannot be reached", "Check address and port in deploy-ops.toml, and that the server is up.")
        }
        2006 | 2013 | 1927 => ("the server closed the connection", "Look at the server's log, and try again."),
        2026 => (
            "the server offers no TLS, or its certificate could not be verified",
            "Switch TLS on there, correct the address, name its authorities with `ca`, or renew the certificate.",
        ),
        _ => return None,
    })
}
