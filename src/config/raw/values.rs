//! Values that mean something in the world: paths, addresses, commands, URLs.

use std::path::{Component, Path, PathBuf};

use url::Url;

use super::{item::Item, secret_names::holds_secret};
use crate::domain::inventory::RelativePath;

impl Item<'_> {
    /// A path on this machine; a relative one begins at the directory of the file.
    pub(crate) fn local_path(&self) -> Option<PathBuf> {
        self.resolve(self.text()?)
    }

    /// The same for a text that is part of this value.
    pub(crate) fn resolve(&self, text: &str) -> Option<PathBuf> {
        if text.starts_with('~') || text.contains('$') || text.contains("://") {
            self.error(
                "is not a path: '~' and variables are not expanded, and a URL is not a path",
                "write the absolute path, or one relative to the directory of this file",
            );
            return None;
        }
        Some(lexically_normal(&self.source.directory().join(text)))
    }

    /// An absolute path on another machine.
    pub(crate) fn absolute_path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        if !text.starts_with('/') || text.split('/').any(|part| part == "..") {
            self.error("must be an absolute path without '..'", "begin it with '/'");
            return None;
        }
        Some(lexically_normal(Path::new(text)))
    }

    /// A path below a root that is given elsewhere.
    pub(crate) fn relative_path(&self) -> Option<RelativePath> {
        self.parsed("write it relative to the root, for example deployment-scripts/deploy.sh")
    }

    /// Paths below a root that is given elsewhere.
    pub(crate) fn relative_paths(&self) -> Vec<RelativePath> {
        self.list().iter().filter_map(Item::relative_path).collect()
    }

    /// A program and its arguments, as an array or as one text that is split like a shell splits words.
    pub(crate) fn command(&self) -> Option<Vec<String>> {
        let words = if self.is_array() {
            let items = self.list();
            let words: Vec<String> = items.iter().filter_map(Item::text).map(str::to_owned).collect();
            (words.len() == items.len()).then_some(words)?
        } else {
            self.words(self.text()?)?
        };
        if words.is_empty() {
            self.error("the command is empty", "give the program and its arguments");
            return None;
        }
        if words.iter().any(|word| holds_secret(word)) {
            self.secret_as_value();
            return None;
        }
        Some(words)
    }

    /// Records that a secret seems to stand here.
    pub(crate) fn secret_as_value(&self) {
        self.error(
            "looks like a secret that is written as a value",
            "declare it below [secrets] by reference, let the program read it from a variable, and replace that secret",
        );
    }

    /// The words of a command line. Nothing is expanded and no shell is involved, so what only a shell understands is refused.
    pub(crate) fn words(&self, text: &str) -> Option<Vec<String>> {
        let Some(words) = shlex::split(text) else {
            self.error("a quote is not closed", "close it, or write the command as an array of texts");
            return None;
        };
        let only_for_a_shell = |word: &String| {
            matches!(word.as_str(), "|" | "||" | "&" | "&&" | ";" | ">" | ">>" | "<" | "2>&1")
                || word.ends_with(';')
                || word.contains("$(")
                || word.contains('`')
        };
        if words.iter().any(only_for_a_shell) {
            self.error(
                "the command needs a shell, but none is involved",
                "put it into a script and call that, or write an array when the characters are meant literally",
            );
            return None;
        }
        Some(words)
    }

    /// An `http` or `https` URL without credentials.
    pub(crate) fn web_url(&self) -> Option<Url> {
        let Ok(url) = self.text()?.parse::<Url>() else {
            self.error("is not a URL", "write it as https://crm.example.org/");
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.error("the URL holds credentials", "remove user and password; declare secrets below [secrets]");
            return None;
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            self.error("must be an http or https URL", "write it as https://crm.example.org/");
            return None;
        }
        if url.query().is_some() || url.fragment().is_some() {
            self.error(
                "the URL has a query or a fragment",
                "end it before '?' and '#'; a smoke check's path may have a query",
            );
            return None;
        }
        Some(url)
    }

    /// A host name, an IP address or, when `socket` allows it, the absolute path of a socket. No port, no user, no scheme.
    pub(crate) fn address(&self, socket: bool) -> Option<String> {
        let text = self.text()?;
        if is_host_or_address(text) || (socket && text.starts_with('/')) {
            return Some(text.to_owned());
        }
        self.error(
            "is not a host name or an IP address",
            "write only the name, for example db.example.org; port and user have their own keys",
        );
        None
    }

    /// `host:port`; an IPv6 address stands in brackets.
    pub(crate) fn host_and_port(&self) -> Option<(String, u16)> {
        let parts = self.text()?.rsplit_once(':').and_then(|(host, port)| {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let host = if host.contains(':') { bare? } else { host };
            let port = port.parse().ok().filter(|port| *port > 0)?;
            is_host_or_address(host).then(|| (host.to_owned(), port))
        });
        if parts.is_none() {
            self.error("is not host:port", "write it as mail.example.org:465");
        }
        parts
    }
}

/// Whether a text is a host name or an IP address, without port, user or scheme.
pub(crate) fn is_host_or_address(text: &str) -> bool {
    let host = (1..=253).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    host || text.parse::<std::net::IpAddr>().is_ok()
}

/// The path without `.`, and with `..` taken back by its text.
fn lexically_normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
