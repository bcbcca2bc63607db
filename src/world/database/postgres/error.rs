//! What PostgreSQL refuses, in our words: its own may hold data.

use std::{borrow::Cow, io};

use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::WorldError,
};

/// What stands before a state where it is kept.
const STATE: &str = "SQLSTATE ";

/// The error of a statement or a connection. Of what the server said only the SQLSTATE is kept (PostgreSQL manual, appendix A):
/// its messages quote rows, statements and names.
pub(super) fn failed(name: &DatabaseName, doing: &str, error: sqlx::Error) -> WorldError {
    let state = error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(Cow::into_owned);
    let (problem, fix) = match (&state, &error) {
        (Some(state), _) => of_state(state),
        (None, sqlx::Error::Tls(_)) => UNVERIFIED,
        // What the TLS library finds wrong arrives as damaged data.
        (None, sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => UNVERIFIED,
        (None, sqlx::Error::Io(_)) => UNREACHABLE,
        _ => REFUSED,
    };
    let failed = WorldError::new(Code::WorldFailed, format!("{doing} database {name}"), problem, fix);
    match (state, error) {
        (Some(state), _) => failed.because(format!("{STATE}{state}")),
        (None, sqlx::Error::Io(error)) => failed.because(error.kind().to_string()),
        (None, sqlx::Error::Tls(_)) => failed.because("TLS"),
        (None, _) => failed.because("the protocol"),
    }
}

/// Whether it is one of a login.
pub(in crate::world) fn refuses_login(error: &WorldError) -> bool {
    let source = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
    matches!(source.strip_prefix(STATE), Some("28P01" | "28000"))
}

const UNVERIFIED: (&str, &str) = (
    "its server does not prove who it is with a certificate",
    "Correct the address, name the authorities with `ca`, or give the server a certificate that is valid for its address.",
);
const UNREACHABLE: (&str, &str) =
    ("its server cannot be reached", "Check address and port in deploy-ops.toml, and that the server is up.");
const REFUSED: (&str, &str) = ("PostgreSQL refused", "Look at the server's log.");

fn of_state(state: &str) -> (&'static str, &'static str) {
    match state {
        "28P01" | "28000" => (
            "the server refused the login",
            "Check user and password secret in deploy-ops.toml, and pg_hba.conf on the server.",
        ),
        "3D000" => ("the server has no database of that name", "Correct `database` in deploy-ops.toml."),
        "42501" => (
            "the role lacks a right",
            "Grant the role of deploy-ops.toml the right to read every table, or make it a member of the owner.",
        ),
        "53300" => {
            ("the server has no free connection", "Try again when fewer are connected, or raise max_connections.")
        }
        "53100" => ("the server's disk is full", "Free space on the server and try again."),
        "53200" => (
            "the server has no memory for that many locks",
            "Raise max_locks_per_transaction on the server, and try again.",
        ),
        "55P03" => ("somebody holds a lock on a table", "Try again when long transactions have ended."),
        "55006" => ("others are connected to it", "Stop the application or put it into maintenance, then try again."),
        "55000" => ("it accepts no connections now", "Allow them: ALTER DATABASE … ALLOW_CONNECTIONS true."),
        "57014" => ("the statement took too long", "Try again when the server has less to do."),
        "57P01" | "57P02" | "57P03" => ("the server is stopping or starting", "Try again when it is up."),
        "25006" => ("the server accepts only reads", "Name the primary server in deploy-ops.toml, not a standby."),
        "42P04" => ("there is a database of that name", "Look at it and drop it if nobody needs it."),
        _ if state.starts_with("08") => UNREACHABLE,
        _ if state.starts_with("XX") => ("it is damaged", "Look at the server's log before anything else."),
        _ => REFUSED,
    }
}
