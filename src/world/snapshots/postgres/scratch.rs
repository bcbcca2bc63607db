//! Scratch databases, in which snapshots are proven: `deployops_v_`, the time in milliseconds and a random number, both in
//! hexadecimal digits.

use super::properties::{Properties, closed, drop_of};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer, Engine},
        refusal::Code,
        time::Time,
    },
    world::{
        Reader, WorldError,
        database::{
            Access, Way, entry,
            postgres::{self, quoted},
        },
    },
};

const PREFIX: &str = "deployops_v_";
/// A scratch database that is older and that nobody is connected to was left behind by a run that was killed, seconds.
const OLD_S: i64 = 3_600;

/// A scratch database, until it is removed.
pub(super) struct Scratch<'i> {
    pub(super) name: String,
    /// The entry of the inventory on whose server it is.
    pub(super) home: &'i Database,
    pub(super) way: Way,
    /// The engine of that server, for example `postgres 15.20`.
    pub(super) engine: String,
}

/// Refuses when no scratch database could be made for a database.
pub(super) async fn require<'i>(
    reader: Reader<'i>,
    database: &'i Database,
    server: &'i DatabaseServer,
) -> Result<(), WorldError> {
    let home = home(reader, database, server)?;
    let way = reader.way(home).await?;
    let mut connection = postgres::connect(&home.name, &way, &way.server.database, Access::Look).await?;
    require_right(home, &mut connection).await?;
    connection.close().await
}

impl<'i> Scratch<'i> {
    /// A new one, in which texts sort as in `database`. What killed runs left behind is removed first.
    pub(super) async fn create(
        reader: Reader<'i>,
        database: &'i Database,
        server: &'i DatabaseServer,
    ) -> Result<Self, WorldError> {
        let own = reader.way(database).await?;
        let mut original = postgres::connect(&database.name, &own, &server.database, Access::Look).await?;
        let properties = Properties::read(&mut original).await?;
        original.close().await?;
        let home = home(reader, database, server)?;
        let way = reader.way(home).await?;
        let mut maker = postgres::connect(&home.name, &way, &way.server.database, Access::Change).await?;
        require_right(home, &mut maker).await?;
        let now = reader.now();
        sweep(&mut maker, now).await?;
        let engine = postgres::identity(&mut maker).await?.engine;
        let name = format!("{PREFIX}{:012x}{:08x}", now.as_millis(), random()?);
        maker.execute(&properties.creation(&name)).await?;
        maker.execute(&closed(&name)).await?;
        maker.close().await?;
        Ok(Self { name, home, way, engine })
    }

    /// Drops it, with whatever is connected to it.
    pub(super) async fn remove(self) -> Result<(), WorldError> {
        let (name, way) = (&self.home.name, &self.way);
        let mut remover = postgres::connect(name, way, &way.server.database, Access::Change).await?;
        remover.execute(&drop_of(&self.name)).await?;
        remover.close().await
    }
}

/// The entry of the inventory on whose server scratch databases are made.
fn home<'i>(
    reader: Reader<'i>,
    database: &'i Database,
    server: &'i DatabaseServer,
) -> Result<&'i Database, WorldError> {
    let Some(name) = &server.scratch else { return Ok(database) };
    let home = entry(reader.inventory(), name)?;
    match &home.engine {
        Engine::Postgres(_) => Ok(home),
        other => Err(WorldError::new(
            Code::Unsupported,
            format!("verify snapshots of database {}", database.name),
            format!("its scratch server {name} is {}", other.label()),
            "Name a PostgreSQL database with `scratch` in deploy-ops.toml.",
        )),
    }
}

async fn require_right(home: &Database, connection: &mut postgres::Connection) -> Result<(), WorldError> {
    if connection.holds("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user").await? {
        return Ok(());
    }
    Err(WorldError::new(
        Code::Unsupported,
        format!("make a scratch database on the server of {}", home.name),
        "the role may not create databases, and a snapshot that was not restored proves nothing",
        "Give the role CREATEDB, or name with `scratch` in deploy-ops.toml a database whose role may.",
    ))
}

/// Removes our old scratch databases that nobody is connected to.
async fn sweep(connection: &mut postgres::Connection, now: Time) -> Result<(), WorldError> {
    let ours = connection
        .rows("SELECT datname::text FROM pg_database WHERE datname ~ '^deployops_v_[0-9a-f]{20}$' AND pg_has_role(datdba, 'USAGE')")
        .await?;
    for name in ours.into_iter().flatten().flatten().filter(|name| is_old(name, now)) {
        // One that is in use after all stays.
        let _ = connection.execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&name))).await;
    }
    Ok(())
}

fn is_old(name: &str, now: Time) -> bool {
    let made =
        name.strip_prefix(PREFIX).and_then(|rest| rest.get(..12)).and_then(|hex| i64::from_str_radix(hex, 16).ok());
    made.is_some_and(|made| Time::from_millis(made).plus_s(OLD_S) < now)
}

fn random() -> Result<u32, WorldError> {
    getrandom::u32().map_err(|e| WorldError::io("name a scratch database", std::io::Error::other(e.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_ones_of_ours_are_left_overs() {
        let now = Time::from_millis(1_800_000_000_000);
        let made = |seconds: i64| format!("{PREFIX}{:012x}{:08x}", now.plus_s(-seconds).as_millis(), 7);
        assert!(is_old(&made(3_601), now) && !is_old(&made(3_599), now));
        assert!(!is_old("deployops_v_", now) && !is_old("customers", now));
    }
}
