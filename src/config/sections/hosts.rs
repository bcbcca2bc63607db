//! `[hosts.<name>]`

use std::collections::BTreeMap;

use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind, HostTrust, SshHost, SshIdentity, SshLogin},
        name::HostName,
    },
};

const KEYS: &[&str] = &["kind", "root", "address", "port", "user", "host_keys", "identity_file"];

pub(super) fn read(hosts: &Item<'_>) -> BTreeMap<HostName, Host> {
    let entries = hosts.entries::<HostName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), host(name, &item.section(KEYS)?)?))).collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Local,
    Ssh,
}

fn host(name: HostName, section: &Section<'_>) -> Option<Host> {
    let kind = section.required("kind")?.choice(&[("local", Kind::Local), ("ssh", Kind::Ssh)])?;
    let root = section.required("root");
    match kind {
        Kind::Local => {
            for key in ["address", "port", "user", "host_keys", "identity_file"] {
                if let Some(item) = section.optional(key) {
                    item.error("is only for hosts of kind ssh", "remove it, or write kind = \"ssh\"");
                }
            }
            Some(Host { name, kind: HostKind::Local, root: root?.local_path()? })
        }
        Kind::Ssh => {
            let root = root.and_then(|item| item.absolute_path());
            let address = section.required("address").and_then(|item| item.address(false));
            let user = section.required("user").and_then(|item| user(&item));
            let port = section.number("port", defaults::SSH_PORT);
            let host_keys = host_keys(section);
            let path = section.required("identity_file").and_then(|item| item.local_path());
            let identity = SshIdentity::File { path: path?, passphrase: None, certificate: None };
            Some(Host {
                name,
                kind: HostKind::Ssh(SshHost {
                    address: address?,
                    port: u16::try_from(port).ok()?,
                    login: SshLogin { user: user?, identity },
                    rehearsal: None,
                    trust: HostTrust::Pinned { fingerprints: host_keys? },
                    jump: None,
                }),
                root: root?,
            })
        }
    }
}

fn user(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok =
        !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !ok {
        item.error("is not a user name", "use letters, digits, '-', '_' and '.'; no password and no address");
    }
    ok.then(|| text.to_owned())
}

fn host_keys(section: &Section<'_>) -> Option<Vec<String>> {
    let list = section.required("host_keys")?;
    let items = list.list();
    let keys: Vec<String> = items.iter().filter_map(host_key).collect();
    if list.is_array() && items.is_empty() {
        list.error(
            "no host key is pinned",
            "add the output of: ssh-keyscan HOST | ssh-keygen -lf -, checked on a trusted way",
        );
    }
    (!keys.is_empty() && keys.len() == items.len()).then_some(keys)
}

fn host_key(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.strip_prefix("SHA256:").is_some_and(|hash| {
        hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
    });
    if !ok {
        item.error("is not a host key fingerprint", "write SHA256: and 43 characters, as ssh-keygen -lf shows it");
    }
    ok.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[hosts.web]
kind = "ftp"
root = "/srv""#,
                2,
                "hosts.web.kind: is not one of the words",
                "write one of: local, ssh",
            ),
            (
                r#"[hosts.web]
kind = "local""#,
                1,
                "hosts.web: root is missing",
                "add root",
            ),
            (
                r#"[hosts.web]
kind = "local"
root = "~/www""#,
                3,
                "hosts.web.root: is not a path",
                "write the absolute path",
            ),
            (
                r#"[hosts.web]
kind = "local"
root = "/srv"
port = 22"#,
                4,
                "hosts.web.port: is only for hosts of kind ssh",
                "remove it",
            ),
            (
                r#"[hosts.Web]
kind = "local"
root = "/srv""#,
                1,
                "hosts: the name of an entry is not a valid host name",
                "use 1 to 63",
            ),
            (
                r#"[hosts.web]
kind = "ssh"
address = "w.example.org"
user = "u"
host_keys = ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
root = "www"
identity_file = "/k""#,
                6,
                "hosts.web.root: must be an absolute path",
                "begin it",
            ),
            (
                r#"[hosts.web]
kind = "ssh"
address = "u:secret@w.example.org"
user = "u"
host_keys = ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
root = "/www"
identity_file = "/k""#,
                3,
                "hosts.web.address: is not a host name",
                "write only the name",
            ),
            (
                r#"[hosts.web]
kind = "ssh"
address = "w.example.org"
user = "u"
port = 0
host_keys = ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
root = "/www"
identity_file = "/k""#,
                5,
                "hosts.web.port: must be from 1 to 65535",
                "use a number in that range; 22 is the default",
            ),
            (
                r#"[hosts.web]
kind = "ssh"
address = "w.example.org"
user = "u"
host_keys = ["MD5:aa"]
root = "/www"
identity_file = "/k""#,
                5,
                "hosts.web.host_keys: is not a host key fingerprint",
                "write SHA256:",
            ),
            (
                r#"[hosts.web]
kind = "ssh"
address = "w.example.org"
user = "u"
host_keys = []
root = "/www"
identity_file = "/k""#,
                5,
                "hosts.web.host_keys: no host key is pinned",
                "add the output",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
