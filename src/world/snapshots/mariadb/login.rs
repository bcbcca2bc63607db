//! How a server is reached, by ourselves and by its client programs.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    domain::{
        inventory::{Database, DatabaseServer, Tls},
        name::DatabaseName,
    },
    world::{
        Reader, WorldError,
        database::{
            Access, Way,
            mariadb::{Connection, connect},
        },
        ssh::Watch,
    },
};

/// Where Linux distributions keep the authorities of the system; client programs do not all find them.
const SYSTEM_AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// A server, with the way to it.
pub(super) struct Login<'a> {
    pub(super) name: &'a DatabaseName,
    pub(super) server: &'a DatabaseServer,
    way: Way,
}

impl<'a> Login<'a> {
    pub(super) async fn new(
        reader: Reader<'_>,
        database: &'a Database,
        server: &'a DatabaseServer,
    ) -> Result<Self, WorldError> {
        Ok(Self { name: &database.name, server, way: reader.way(database).await? })
    }

    /// A connection to a database of the server.
    pub(super) async fn connect(&self, database: &str, access: Access) -> Result<Connection, WorldError> {
        connect(self.name, &self.way, database, access).await
    }

    /// From now on knows why connections fail.
    pub(super) fn watch(&self) -> Watch {
        self.way.watch()
    }

    /// Writes the option file, the only one that a client program reads: the password stands in no argument and no environment.
    pub(super) fn option_file(&self, directory: &Path) -> Result<PathBuf, WorldError> {
        let io = |e| WorldError::io("prepare a client program", e);
        let path = directory.join("client.cnf");
        let _ = std::fs::remove_file(&path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(io)?;
        file.write_all(self.options().as_bytes()).map_err(io)?;
        Ok(path)
    }

    /// What one family of programs calls otherwise than the other is marked `loose`: unknown, it is passed over. Each understands
    /// one of the two words that demand a verified certificate.
    fn options(&self) -> String {
        let server = &self.way.server;
        let mut text = format!(
            "[client]\nuser={}\npassword={}\ndefault-character-set=utf8mb4\nloose-max-allowed-packet=1G\n",
            quoted(&server.user),
            quoted(self.way.password.expose()),
        );
        text += &if server.is_socket() {
            format!("protocol=socket\nsocket={}\n", quoted(&server.address))
        } else {
            format!("protocol=tcp\nhost={}\nport={}\n", quoted(&server.address), server.port)
        };
        match &server.tls {
            Tls::Off => text += "loose-skip-ssl\nloose-ssl-mode=DISABLED\n",
            Tls::Verify { ca } => {
                text += "loose-ssl\nloose-ssl-verify-server-cert\nloose-ssl-mode=VERIFY_IDENTITY\n";
                let system = || SYSTEM_AUTHORITIES.iter().map(PathBuf::from).find(|path| path.is_file());
                if let Some(ca) = ca.clone().or_else(system) {
                    text += &format!("ssl-ca={}\n", quoted(&ca.display().to_string()));
                }
            }
        }
        text
    }
}

/// A value of an option file: `#` begins a comment outside of quotes, `\` begins an escape.
fn quoted(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    format!("\"{value}\"")
}
