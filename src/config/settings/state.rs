//! `[state]`

use std::path::{Path, PathBuf};

use url::Url;

use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::name::SecretName,
};

const KEYS: &[&str] = &["url", "password", "socket", "tls", "authority", "data", "reports"];
/// What is only for a database server.
const SERVER_KEYS: &[&str] = &["password", "socket", "tls", "authority"];

/// Where the server keeps what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The database of plans, operations and the ledger.
    pub store: StateStore,
    /// The data directory, mode 0700: snapshots, artifacts, operations.
    pub data: PathBuf,
    /// Where deployment reports are written.
    pub reports: PathBuf,
}

/// The database of plans, operations and the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateStore {
    /// A file.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// A database on a PostgreSQL server, which several machines may share.
    Postgres {
        /// The server's name or address, or the directory of its socket.
        address: String,
        /// TCP port, which a socket's name holds as well.
        port: u16,
        /// Database name on the server.
        database: String,
        /// Login role.
        user: String,
        /// The secret that holds its password.
        password: Option<SecretName>,
        /// How the connection is protected.
        tls: StateTls,
    },
}

/// How the connection to the state's server is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateTls {
    /// Not at all: by a socket, or to this machine.
    Off,
    /// By a certificate for the server's name, from an authority of this machine or from that file.
    Verified {
        /// A file with further authorities, PEM.
        authority: Option<PathBuf>,
    },
}

pub(super) fn read(file: &Section<'_>, names: &Names, directory: &Path) -> StateSettings {
    let section = file.optional("state").and_then(|item| item.section(KEYS));
    let given = |key| section.as_ref().and_then(|section| section.optional(key));
    let data = given("data").and_then(|item| item.local_path());
    let data = data.unwrap_or_else(|| directory.join(defaults::DATA_DIRECTORY));
    let store = section.as_ref().and_then(|section| store(section, names));
    let store = store.unwrap_or_else(|| StateStore::Sqlite { path: data.join(defaults::STATE_FILE) });
    let reports = given("reports").and_then(|item| item.local_path());
    StateSettings { store, data, reports: reports.unwrap_or_else(|| directory.join(defaults::REPORT_DIRECTORY)) }
}

fn store(section: &Section<'_>, names: &Names) -> Option<StateStore> {
    let url = section.optional("url");
    if let Some(item) = &url
        && item.text().is_some_and(|text| text.starts_with("postgres://") || text.starts_with("postgresql://"))
    {
        return postgres(item, section, names);
    }
    for item in SERVER_KEYS.iter().filter_map(|key| section.optional(key)) {
        item.error("is only for a database server", "remove it, or write url = \"postgres://…\"");
    }
    sqlite(&url?)
}

/// `sqlite:<path>` or `sqlite://<path>`.
fn sqlite(item: &Item<'_>) -> Option<StateStore> {
    let path = item.text()?.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let Some(path) = path.filter(|path| !path.is_empty() && !path.contains(['?', '#'])) else {
        item.error(
            "is not the URL of a state database",
            "write it as sqlite:/path/state.db or postgres://user@host/database",
        );
        return None;
    };
    item.resolve(path).map(|path| StateStore::Sqlite { path })
}

/// `postgres://<user>@<host>[:<port>]/<database>`.
fn postgres(item: &Item<'_>, section: &Section<'_>, names: &Names) -> Option<StateStore> {
    let wrong = |message: &str, fix: &str| {
        item.error(message, fix);
        None
    };
    let text = item.text()?;
    let Ok(url) = Url::parse(text) else {
        return wrong("is not a URL", "write it as postgres://user@host:5432/database");
    };
    if url.password().is_some() {
        let fix = "remove it, add it to [secrets] as a reference, and name that: password = \"STATE_PASSWORD\"";
        return wrong("holds a password", fix);
    }
    let address = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let database = url.path().trim_start_matches('/').to_owned();
    let named = [&address, &database, &url.username().to_owned()].into_iter().all(|part| is_plain(part));
    if !named || url.query().is_some() || url.fragment().is_some() {
        let fix = "write it as postgres://user@host:5432/database, with nothing behind it";
        return wrong("does not name a user, a host and a database", fix);
    }
    let password = section.optional("password").map(|item| item.reference("entry of [secrets]", &names.secrets));
    let (address, tls) = match section.optional("socket") {
        Some(socket) => (socket_of(&socket, &address, section)?, StateTls::Off),
        None => (address.clone(), tls(section, &address)?),
    };
    Some(StateStore::Postgres {
        address,
        port: url.port().unwrap_or(5432),
        database,
        user: url.username().to_owned(),
        password: password.map_or(Some(None), |password| password.map(Some))?,
        tls,
    })
}

/// Parts of the URL are used as they are written.
fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
}

fn socket_of(socket: &Item<'_>, host: &str, section: &Section<'_>) -> Option<String> {
    for item in ["tls", "authority"].iter().filter_map(|key| section.optional(key)) {
        item.error("is not for a socket, which nobody else can read", "remove it, or remove socket");
    }
    if host != "localhost" {
        socket.error("is the socket of another host than that of the URL", "write localhost as the host of state.url");
    }
    let directory = socket.local_path()?;
    directory.to_str().map(str::to_owned)
}

fn tls(section: &Section<'_>, host: &str) -> Option<StateTls> {
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let authority = section.optional("authority").map(|item| item.local_path());
    let authority = authority.map_or(Some(None), |path| path.map(Some))?;
    let Some(item) = section.optional("tls") else { return Some(StateTls::Verified { authority }) };
    match item.choice(&[("verify", true), ("off", false)])? {
        true => Some(StateTls::Verified { authority }),
        false if here && authority.is_none() => Some(StateTls::Off),
        false if here => {
            item.error("is off, but state.authority is given", "remove one of the two");
            None
        }
        false => {
            item.error("may be off for this machine only", "remove it; state.authority names an authority of your own");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{StateStore, StateTls};
    use crate::config::testing::{check, check_with_inventory, parse};
    use std::path::Path;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("url = \"postgres://u:hunter2@example.org/x\"", "state.url: holds a password", "add it to [secrets]"),
            ("url = \"postgres://u@example.org/\"", "state.url: does not name a user, a host", "write it as"),
            ("url = \"postgres://u@example.org/x?sslmode=disable\"", "state.url: does not name", "nothing behind it"),
            ("url = \"postgres://example.org/x\"", "state.url: does not name", "write it as"),
            (
                "url = \"mysql://u@example.org/x\"",
                "state.url: is not the URL of a state database",
                "write it as sqlite:",
            ),
            ("url = \"sqlite:\"", "state.url: is not the URL", "write it as"),
            ("data = \"$HOME/x\"", "state.data: is not a path", "write the absolute"),
            ("tls = \"off\"", "state.tls: is only for a database server", "remove it"),
        ];
        for (text, message, fix) in cases {
            check(&format!("[state]\n{text}"), 2, message, fix);
        }
        let server = "[state]\nurl = \"postgres://u@db.example.org/x\"\n";
        let cases = [
            ("tls = \"off\"", "state.tls: may be off for this machine only", "state.authority"),
            ("tls = \"prefer\"", "state.tls: is not one of the words", "verify, off"),
            ("password = \"hunter2\"", "state.password: there is no entry of [secrets]", ""),
            ("socket = \"/run/postgresql\"", "state.socket: is the socket of another host", "localhost"),
        ];
        for (text, message, fix) in cases {
            check_with_inventory(&format!("{server}{text}"), 3, message, fix);
        }
    }

    #[test]
    fn everything_lies_beside_the_file_unless_it_says_otherwise() {
        let state = |text| parse(text).unwrap().settings.state;
        let default = state("");
        assert_eq!(default.data, Path::new("/etc/deploy-ops/deploy-ops-data"));
        assert_eq!(default.reports, Path::new("/etc/deploy-ops/quality-reports"));
        let path = |path: &str| StateStore::Sqlite { path: path.into() };
        assert_eq!(default.store, path("/etc/deploy-ops/deploy-ops-data/state.db"));
        assert_eq!(state("[state]\ndata = \"/var/lib/d\"").store, path("/var/lib/d/state.db"));
        assert_eq!(state("[state]\nurl = \"sqlite://../s.db\"").store, path("/etc/s.db"));
    }

    #[test]
    fn a_server_is_verified_unless_it_is_this_machine() {
        let state =
            |text: &str| parse(&format!("[secrets]\nDB = \"env:DB\"\n[state]\n{text}")).unwrap().settings.state.store;
        let server = |address: &str, port, password: Option<&str>, tls| StateStore::Postgres {
            address: address.to_owned(),
            port,
            database: "ops".to_owned(),
            user: "deploy_ops".to_owned(),
            password: password.map(|name| name.parse().unwrap()),
            tls,
        };
        let verified = StateTls::Verified { authority: None };
        assert_eq!(
            state("url = \"postgres://deploy_ops@db.example.org/ops\"\npassword = \"DB\""),
            server("db.example.org", 5432, Some("DB"), verified)
        );
        let own = StateTls::Verified { authority: Some("/etc/deploy-ops/ca.pem".into()) };
        assert_eq!(
            state("url = \"postgresql://deploy_ops@[::1]:6432/ops\"\nauthority = \"ca.pem\""),
            server("::1", 6432, None, own)
        );
        assert_eq!(
            state("url = \"postgres://deploy_ops@127.0.0.1/ops\"\ntls = \"off\""),
            server("127.0.0.1", 5432, None, StateTls::Off)
        );
        assert_eq!(
            state("url = \"postgres://deploy_ops@localhost/ops\"\nsocket = \"/run/postgresql\""),
            server("/run/postgresql", 5432, None, StateTls::Off)
        );
    }
}
