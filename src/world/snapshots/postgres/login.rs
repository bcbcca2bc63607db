//! How PostgreSQL's programs log in: by a file that only they read and by variables, never by arguments.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    domain::inventory::Tls,
    world::{Reader, WorldError, database::Way, process::Environment, ssh::Watch},
};

/// The authorities of the system where Debian and its kin keep them: the programs have no word for "the system's" before 16.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A way in, as long as the value lives.
#[derive(Debug)]
pub(super) struct Login<'w> {
    directory: TempDir,
    way: &'w Way,
    database: String,
}

impl<'w> Login<'w> {
    /// To `database` on a server.
    pub(super) fn new(reader: Reader<'_>, way: &'w Way, database: &str) -> Result<Self, WorldError> {
        let directory = reader.scratch("postgres-")?;
        let line = format!("*:*:*:*:{}\n", way.password.expose().replace('\\', "\\\\").replace(':', "\\:"));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(directory.path().join(PASSWORDS))
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|e| WorldError::io("write a password file", e))?;
        Ok(Self { directory, way, database: database.to_owned() })
    }

    /// From now on knows why connections fail.
    pub(super) fn watch(&self) -> Watch {
        self.way.watch()
    }

    /// Private, and gone with the value.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn environment(&self) -> Result<Environment, WorldError> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(|e| WorldError::io("find the authorities", e));
        let server = &self.way.server;
        let environment = Environment::default()
            .ours("HOME", self.directory())
            .ours("PGPASSFILE", self.directory().join(PASSWORDS))
            .ours("PGHOST", &server.address)
            .ours("PGPORT", server.port.to_string())
            .ours("PGUSER", &server.user)
            .ours("PGDATABASE", &self.database)
            .ours("PGAPPNAME", "deploy-ops")
            .ours("PGCONNECT_TIMEOUT", "10")
            .ours("PGGSSENCMODE", "disable")
            // What is restored is proven afterwards and made durable by the next commit that waits for the disk.
            .ours("PGOPTIONS", "-c synchronous_commit=off -c default_transaction_read_only=off");
        Ok(match &server.tls {
            Tls::Off => environment.ours("PGSSLMODE", "disable"),
            Tls::Verify { ca } => {
                let authorities = ca.clone().unwrap_or_else(|| PathBuf::from(SYSTEM_AUTHORITIES));
                environment.ours("PGSSLMODE", "verify-full").ours("PGSSLROOTCERT", absolute(&authorities)?)
            }
        })
    }
}

const PASSWORDS: &str = "passwords";
