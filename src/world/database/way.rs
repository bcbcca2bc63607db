//! The way to a database server: as whom, and over which tunnel when only a host can reach it.

use std::sync::Arc;

use crate::{
    domain::{
        inventory::{Database, DatabaseServer, Engine, Tls},
        name::DatabaseName,
        refusal::Code,
    },
    redact::Secret,
    world::{
        Reader, WorldError,
        database::entry,
        ssh::{Destination, End, Passage, Role, Tunnel, Watch},
        tls::Verified,
    },
};

/// A way to a server, as long as the value lives.
#[derive(Debug)]
pub(crate) struct Way {
    /// The server as it is reached from here: at the end of a tunnel it is a socket of ours, whatever it is over there.
    pub(crate) server: DatabaseServer,
    pub(crate) password: Secret,
    tunnel: Option<Arc<Tunnel>>,
}

impl Reader<'_> {
    /// The way to the server of a database. Through a host it is opened here; whether the server answers is found out by who
    /// connects.
    pub(crate) async fn way(self, database: &Database) -> Result<Way, WorldError> {
        let Some(server) = database.engine.server() else {
            return Err(WorldError::unsupported(
                format!("log in to database {}", database.name),
                "a file with a login",
            ));
        };
        let password = self.secret_value(&server.password).await?;
        let Some(host) = &server.via else { return Ok(Way { server: server.clone(), password, tunnel: None }) };
        let Some(remote) = self.remote(host, Role::Deploy) else {
            return Err(WorldError::new(
                Code::Unsupported,
                format!("reach database {}", database.name),
                format!("{host}, through which it is to be reached, is no host over SSH"),
                "Name a host of kind ssh with `via`, or remove it.",
            ));
        };
        let tunnel = remote.tunnel(&end(&database.engine, server), server.port).await?;
        let address = match &database.engine {
            // PostgreSQL's programs want the directory and make up the name by the port.
            Engine::Postgres(_) => tunnel.directory().to_owned(),
            Engine::Sqlite { .. } | Engine::Mariadb(_) => tunnel.socket(),
        };
        let server = DatabaseServer { address: address.display().to_string(), tls: Tls::Off, ..server.clone() };
        Ok(Way { server, password, tunnel: Some(tunnel) })
    }

    /// The fingerprint of the key of the host through which a database is reached; none where it is reached directly.
    pub async fn tunnel_host_key(self, name: &DatabaseName) -> Result<Option<String>, WorldError> {
        let database = entry(self.inventory(), name)?;
        let Some(host) = database.engine.server().and_then(|server| server.via.as_ref()) else { return Ok(None) };
        match self.remote(host, Role::Deploy) {
            Some(remote) => remote.fingerprint().await.map(Some),
            None => Ok(None),
        }
    }
}

impl Way {
    /// Keeps the way open, and from now on knows why connections fail.
    pub(in crate::world) fn watch(&self) -> Watch {
        self.tunnel.as_ref().map(Tunnel::watch).unwrap_or_default()
    }
}

/// Where a tunnel to a server ends, and what becomes of the bytes on the way.
fn end(engine: &Engine, server: &DatabaseServer) -> End {
    let destination = match engine {
        Engine::Postgres(_) if server.is_socket() => {
            Destination::Socket(format!("{}/.s.PGSQL.{}", server.address.trim_end_matches('/'), server.port))
        }
        _ if server.is_socket() => Destination::Socket(server.address.clone()),
        _ => Destination::Tcp { address: server.address.clone(), port: server.port },
    };
    let passage = match &server.tls {
        Tls::Off => Passage::Plain,
        Tls::Verify { ca } => {
            let verified = Verified { name: server.address.clone(), ca: ca.clone() };
            if matches!(engine, Engine::Postgres(_)) { Passage::Postgres(verified) } else { Passage::Mariadb(verified) }
        }
    };
    End { destination, passage }
}
