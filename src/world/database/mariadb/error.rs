//! What MariaDB refuses, in our words: its own may hold data.

use sqlx::mysql::MySqlDatabaseError;

use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::WorldError,
};

/// The error of a statement or a connection. Numbers: MariaDB error codes, <https://mariadb.com/kb/en/mariadb-error-codes/>.
pub(super) fn failed(name: &DatabaseName, doing: &str, error: sqlx::Error) -> WorldError {
    let number = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
        .map_or(0, MySqlDatabaseError::number);
    let (problem, fix) = match number {
        1044 | 1045 | 1698 => (
            "the server refused the login",
            "Check user and password secret in deploy-ops.toml, and which addresses the server lets the user in from.",
        ),
        1049 => ("the server has no database of that name", "Correct `database` in deploy-ops.toml."),
        1142 | 1143 | 1227 | 1370 => {
            ("the user lacks a right", "Grant the user of deploy-ops.toml the right to do this.")
        }
        1040 | 1203 | 1226 => ("the server has no free connection", "Try again when fewer are connected."),
        1021 | 1114 => ("the server's disk is full", "Free space on the server and try again."),
        1205 => ("somebody holds a lock on a table", "Try again when long transactions have ended."),
        1969 | 3024 => ("the statement took too long", "Try again when the server has less to do."),
        1290 | 1836 => ("the server accepts only reads", "Name the primary server in deploy-ops.toml, not a replica."),
        1053 | 1077 => ("the server is stopping", "Try again when it is up."),
        _ => match &error {
            sqlx::Error::Tls(_) => (
                "its certificate could not be verified",
                "Correct the address, name its authorities with `ca`, or renew the certificate.",
            ),
            sqlx::Error::Io(_) => (
                "its server cannot be reached",
                "Check address and port in deploy-ops.toml, and that the server is up.",
            ),
            _ => ("MariaDB refused", "Look at the server's log."),
        },
    };
    WorldError::new(Code::WorldFailed, format!("{doing} database {name}"), problem, fix).because(error)
}
