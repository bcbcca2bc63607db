//! What PostgreSQL refuses, in our words: its own may hold data.

use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::WorldError,
};

/// The error of a statement or a connection. Classes of SQLSTATE: PostgreSQL manual, appendix A.
pub(super) fn failed(name: &DatabaseName, doing: &str, error: sqlx::Error) -> WorldError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default();
    let (problem, fix) = match code.as_str() {
        "28P01" | "28000" => (
            "the server refused the login",
            "Check user and password secret in deploy-ops.toml, and pg_hba.conf on the server.",
        ),
        "3D000" => ("the server has no database of that name", "Correct `database` in deploy-ops.toml."),
        "42501" => ("the role lacks a right", "Grant the role of deploy-ops.toml the right to do this."),
        "53300" => {
            ("the server has no free connection", "Try again when fewer are connected, or raise max_connections.")
        }
        "53100" => ("the server's disk is full", "Free space on the server and try again."),
        "55P03" => ("somebody holds a lock on a table", "Try again when long transactions have ended."),
        "57014" => ("the statement took too long", "Try again when the server has less to do."),
        "57P01" | "57P02" | "57P03" => ("the server is stopping or starting", "Try again when it is up."),
        "25006" => ("the server accepts only reads", "Name the primary server in deploy-ops.toml, not a standby."),
        _ => match &error {
            sqlx::Error::Tls(_) => (
                "its certificate could not be verified",
                "Correct the address, name its authorities with `ca`, or renew the certificate.",
            ),
            sqlx::Error::Io(_) => (
                "its server cannot be reached",
                "Check address and port in deploy-ops.toml, and that the server is up.",
            ),
            _ => ("PostgreSQL refused", "Look at the server's log."),
        },
    };
    WorldError::new(Code::WorldFailed, format!("{doing} database {name}"), problem, fix).because(error)
}
