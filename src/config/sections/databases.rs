//! `[databases.<name>]`

use std::collections::BTreeMap;

use super::way::{Protection, is_loopback, protection, via};
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Bounds, Item, Section},
    },
    domain::{
        inventory::{Database, DatabaseServer, Engine, Host, MigrationTool, Tls},
        name::{DatabaseName, HostName},
    },
};

const KEYS: &[&str] = &[
    "engine",
    "path",
    "address",
    "port",
    "database",
    "user",
    "password",
    "via",
    "tls",
    "ca",
    "scratch",
    "migrations",
    "snapshot_max_age_s",
];
const SERVER_KEYS: &[&str] = &["address", "port", "database", "user", "password", "via", "tls", "ca", "scratch"];

const TOOLS: &[(&str, MigrationTool)] = &[
    ("alembic", MigrationTool::Alembic),
    ("prisma", MigrationTool::Prisma),
    ("drush", MigrationTool::Drush),
    ("django", MigrationTool::Django),
    ("laravel", MigrationTool::Laravel),
    ("flyway", MigrationTool::Flyway),
    ("rails", MigrationTool::Rails),
    ("sqlx", MigrationTool::Sqlx),
];

pub(super) fn read(
    databases: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> BTreeMap<DatabaseName, Database> {
    let entries = databases.entries::<DatabaseName>().into_iter();
    entries
        .filter_map(|(name, item)| Some((name.clone(), database(name, &item.section(KEYS)?, names, hosts)?)))
        .collect()
}

fn database(
    name: DatabaseName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> Option<Database> {
    let migrations = section.optional("migrations").and_then(|item| item.choice(TOOLS));
    let snapshot_max_age_s = section.number("snapshot_max_age_s", defaults::SNAPSHOT_MAX_AGE_S);
    let engine = engine(&name, section, names, hosts);
    Some(Database { name, engine: engine?, migrations, snapshot_max_age_s })
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
    Mariadb,
}

fn engine(
    name: &DatabaseName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> Option<Engine> {
    let kinds =
        [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres), ("mariadb", Kind::Mariadb), ("mysql", Kind::Mariadb)];
    match section.required("engine")?.choice(&kinds)? {
        Kind::Sqlite => {
            refuse(section, SERVER_KEYS, "is only for database servers");
            Some(Engine::Sqlite { path: section.required("path")?.local_path()? })
        }
        Kind::Postgres => server(name, section, names, hosts, defaults::POSTGRES_PORT).map(Engine::Postgres),
        Kind::Mariadb => server(name, section, names, hosts, defaults::MARIADB_PORT).map(Engine::Mariadb),
    }
}

fn server(
    name: &DatabaseName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
    port: Bounds,
) -> Option<DatabaseServer> {
    refuse(section, &["path"], "is only for sqlite");
    let address = section.required("address").and_then(|item| item.address(true));
    let port = section.number("port", port);
    let database = section.optional("database").map_or_else(|| Some(name.to_string()), |item| identifier(&item));
    let user = section.required("user").and_then(|item| identifier(&item));
    let password = section.required("password").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    let via = section.optional("via").map(|item| via(&item, names, hosts));
    let scratch = section.optional("scratch").map(|item| item.reference("database", &names.databases));
    let address = address?;
    let via = via.map_or(Some(None), |via| via.map(Some))?;
    let tls = tls(section, &address, via.is_some());
    Some(DatabaseServer {
        address,
        port: u16::try_from(port).ok()?,
        database: database?,
        user: user?,
        password: password?,
        via,
        tls: tls?,
        scratch: scratch.map_or(Some(None), |scratch| scratch.map(Some))?,
    })
}

fn tls(section: &Section<'_>, address: &str, through_host: bool) -> Option<Tls> {
    let socket = address.starts_with('/');
    let ca = section.optional("ca").map(|item| item.local_path());
    let ca = ca.map_or(Some(None), |path| path.map(Some))?;
    let Some(item) = section.optional("tls") else {
        return Some(if socket { Tls::Off } else { Tls::Verify { ca } });
    };
    match protection(&item, &[("verify", ())], socket || is_loopback(address), through_host)? {
        Protection::Tls(()) if socket => {
            item.error("is not for sockets", "remove it: a socket of this machine needs no encryption");
            None
        }
        Protection::Tls(()) => Some(Tls::Verify { ca }),
        Protection::Off => Some(Tls::Off),
    }
}

/// A name on a database server; it is passed on to client programs, so it must not look like an option or a URL.
fn identifier(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 128
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    if !ok {
        item.error(
            "is not a name on a database server",
            "use letters, digits, '_', '-', '.' and '$'; at most 128 bytes",
        );
    }
    ok.then(|| text.to_owned())
}

fn refuse(section: &Section<'_>, keys: &[&'static str], why: &str) {
    for item in keys.iter().filter_map(|key| section.optional(key)) {
        item.error(why, "remove it, or write the engine that is meant");
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[databases.a]
engine = "oracle""#,
                2,
                "databases.a.engine: is not one of the words",
                "write one of: sqlite, postgres, mariadb, mysql",
            ),
            (
                r#"[databases.a]
engine = "sqlite""#,
                1,
                "databases.a: path is missing",
                "add path",
            ),
            (
                r#"[databases.a]
engine = "sqlite"
path = "a.db"
user = "u""#,
                4,
                "databases.a.user: is only for database servers",
                "remove it",
            ),
            (
                r#"[databases.a]
engine = "mariadb"
address = "db.example.org"
user = "u"
password = "hunter2""#,
                5,
                "databases.a.password: there is no entry of [secrets] of this name",
                "",
            ),
            (
                r#"[databases.a]
engine = "mariadb"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASWORD""#,
                5,
                "databases.a.password: there is no entry of [secrets] of this name",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "postgres://u:hunter2@db.example.org/a"
user = "u"
password = "CRM_DB_PASSWORD""#,
                3,
                "databases.a.address: is not a host name",
                "write only the name",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "db.example.org"
user = "--u"
password = "CRM_DB_PASSWORD""#,
                4,
                "databases.a.user: is not a name on a database server",
                "use letters",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASSWORD"
via = "wbe""#,
                6,
                "databases.a.via: there is no host of this name",
                "did you mean web",
            ),
            (
                r#"[databases.a]
engine = "mariadb"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASSWORD"
tls = "off""#,
                6,
                "databases.a.tls: would send the password over a network in the clear",
                "remove it",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "localhost"
user = "u"
password = "CRM_DB_PASSWORD"
via = "web""#,
                6,
                "databases.a.via: is this machine",
                "remove it",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASSWORD"
tls = "off_behind_host""#,
                6,
                "databases.a.tls: is for what is reached through a host",
                "name the host",
            ),
            (
                r#"[hosts.far]
kind = "ssh"
address = "ssh.example.org"
user = "u"
root = "/srv"
host_keys = ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
identity_file = "/k"
[databases.a]
engine = "postgres"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASSWORD"
via = "far"
tls = "off""#,
                14,
                "databases.a.tls: would send the password over a network in the clear",
                "remove it, or write off_behind_host",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "/run/postgresql"
user = "u"
password = "CRM_DB_PASSWORD"
tls = "verify""#,
                6,
                "databases.a.tls: is not for sockets",
                "remove it",
            ),
            (
                r#"[databases.a]
engine = "postgres"
address = "db.example.org"
user = "u"
password = "CRM_DB_PASSWORD"
scratch = "b""#,
                6,
                "databases.a.scratch: there is no database of this name",
                "",
            ),
            (
                r#"[databases.a]
engine = "sqlite"
path = "a.db"
migrations = "rake""#,
                4,
                "databases.a.migrations: is not one of the words",
                "write one of: alembic",
            ),
            (
                r#"[databases.a]
engine = "sqlite"
path = "a.db"
snapshot_max_age_s = -1"#,
                4,
                "databases.a.snapshot_max_age_s: must be from 60 to 604800",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
