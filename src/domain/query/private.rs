//! What the inventory says that strangers need not know: where things are, and who we are there.

use std::{collections::BTreeSet, net::IpAddr, path::Path};

use super::Taken;
use crate::domain::inventory::{Engine, HostKind, Inventory, MonitorAccess};

/// Users that every machine has: their names tell nothing, and many a question is about them.
const EVERYBODY: [&str; 14] = [
    "admin", "apache", "deploy", "git", "mail", "mariadb", "mysql", "nginx", "nobody", "php", "postgres", "root",
    "user", "www-data",
];
/// Ends of names that only an own network has.
const OWN_NETWORKS: [&str; 7] = ["internal", "local", "lan", "corp", "home", "intranet", "localdomain"];
/// Directories below which people and sites have theirs.
const HOMES: [&str; 7] = ["/home/", "/root/", "/srv/", "/www/", "/var/www/", "/users/", "/opt/"];

/// Names and places, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Private {
    hosts: BTreeSet<String>,
    domains: BTreeSet<String>,
    users: BTreeSet<String>,
    paths: BTreeSet<String>,
}

impl Private {
    /// Those of an inventory.
    pub fn of(inventory: &Inventory) -> Self {
        let mut private = Self::default();
        for host in inventory.hosts.values() {
            if let HostKind::Ssh(ssh) = &host.kind {
                private.host(&ssh.address);
            }
            host.logins().for_each(|login| private.user(&login.user));
            private.place(&host.root);
        }
        for service in inventory.services.values() {
            private.place(&service.repository);
            for target in service.targets.values() {
                target.url.iter().filter_map(url::Url::host_str).for_each(|host| private.host(host));
                private.place(&target.root);
            }
        }
        for database in inventory.databases.values() {
            if let Engine::Sqlite { path } = &database.engine {
                private.place(path);
            }
        }
        for server in inventory.databases.values().filter_map(|database| database.engine.server()) {
            if server.is_socket() {
                private.path(&server.address);
            } else {
                private.host(&server.address);
            }
            private.user(&server.user);
        }
        for mailbox in inventory.mailboxes.values() {
            for address in std::iter::once(&mailbox.address).chain(&mailbox.aliases) {
                address.rsplit('@').next().into_iter().for_each(|domain| private.host(domain));
            }
            [&mailbox.smtp, &mailbox.imap].into_iter().flatten().for_each(|server| private.host(&server.address));
            private.user(&mailbox.user);
        }
        for monitor in inventory.monitors.values() {
            monitor.url.host_str().into_iter().for_each(|host| private.host(host));
            if let Some(MonitorAccess::Basic { user, .. }) = &monitor.access {
                private.user(user);
            }
        }
        inventory.roots.values().for_each(|root| private.place(&root.path));
        private
    }

    /// A host, with all names below its domain.
    pub(super) fn host(&mut self, name: &str) {
        let name = name.trim_matches(['.', '[', ']']).to_lowercase();
        let address = name.parse::<IpAddr>().ok();
        if name.is_empty() || name == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return;
        }
        if address.is_none() {
            let labels: Vec<&str> = name.rsplitn(3, '.').collect();
            if let [top, second, ..] = labels.as_slice() {
                self.domains.insert(format!("{second}.{top}"));
            }
        }
        self.hosts.insert(name);
    }

    pub(super) fn user(&mut self, name: &str) {
        let name = name.to_lowercase();
        if name.len() > 2 && !EVERYBODY.contains(&name.as_str()) {
            self.users.insert(name);
        }
    }

    pub(super) fn path(&mut self, path: &str) {
        let path = path.trim_end_matches('/').to_lowercase();
        if path.len() > 1 {
            self.paths.insert(path);
        }
    }

    fn place(&mut self, path: &Path) {
        self.path(&path.to_string_lossy());
    }

    /// Whether a piece of a text is private, and of which kind.
    pub(super) fn judge(&self, piece: &str) -> Option<Taken> {
        let piece = piece.trim_end_matches(['.', ':', '!', '?']).to_lowercase();
        if piece.is_empty() {
            return None;
        }
        let after_scheme = piece.split_once("://").map_or(piece.as_str(), |(_, rest)| rest);
        let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.is_host(host)
            .or_else(|| is_mail_address(user, host).then_some(Taken::MailAddress))
            .or_else(|| self.is_path(&piece).then_some(Taken::Path))
            .or_else(|| self.users.iter().any(|name| is_word_in(&piece, name)).then_some(Taken::UserName))
            .or_else(|| {
                self.hosts.iter().any(|name| name.len() > 3 && is_word_in(&piece, name)).then_some(Taken::HostName)
            })
    }

    fn is_host(&self, text: &str) -> Option<Taken> {
        let bare = text.trim_matches(['[', ']']);
        let without_port = match text.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.trim_matches(['[', ']']),
            _ => bare,
        };
        for candidate in [bare, without_port] {
            if let Ok(address) = candidate.parse::<IpAddr>() {
                let tells = !address.is_loopback() && !address.is_unspecified();
                return tells.then_some(Taken::Address);
            }
        }
        let name = without_port.trim_end_matches('.');
        let below = |domain: &String| {
            name == domain || name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        let own = name.rsplit_once('.').is_some_and(|(_, top)| OWN_NETWORKS.contains(&top));
        (self.hosts.contains(name) || self.domains.iter().any(below) || own).then_some(Taken::HostName)
    }

    fn is_path(&self, piece: &str) -> bool {
        let below = |path: &String| {
            piece.match_indices(path.as_str()).any(|(at, _)| {
                !piece.get(at + path.len()..).unwrap_or_default().starts_with(|c: char| c.is_ascii_alphanumeric())
            })
        };
        self.paths.iter().any(below) || HOMES.iter().any(|home| piece.contains(home)) || piece.starts_with("~/")
    }
}

fn is_mail_address(user: Option<&str>, host: &str) -> bool {
    let top = host.rsplit_once('.').map(|(_, top)| top);
    user.is_some_and(|user| !user.is_empty())
        && top.is_some_and(|top| top.len() > 1 && top.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Whether a name stands in a piece, not as a part of a longer word.
fn is_word_in(piece: &str, name: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
    piece.match_indices(name).any(|(at, _)| {
        let (before, after) = (piece.get(..at).unwrap_or_default(), piece.get(at + name.len()..).unwrap_or_default());
        edge(before.chars().next_back()) && edge(after.chars().next())
    })
}
