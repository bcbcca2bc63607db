//! `[mailboxes.<name>]`

use std::collections::{BTreeMap, BTreeSet};

use super::way::{Protection, is_loopback, protection, via};
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, MailServer, MailTls, Mailbox},
        name::{HostName, MailboxName},
    },
};

const KEYS: &[&str] =
    &["address", "aliases", "aliases_probe", "user", "password", "smtp", "smtp_tls", "imap", "imap_tls", "via", "ca"];

pub(super) fn read(
    mailboxes: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> BTreeMap<MailboxName, Mailbox> {
    let mut seen = BTreeSet::new();
    let entries = mailboxes.entries::<MailboxName>().into_iter();
    entries
        .filter_map(|(name, item)| Some((name.clone(), mailbox(name, &item.section(KEYS)?, names, hosts, &mut seen)?)))
        .collect()
}

fn mailbox(
    name: MailboxName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
    seen: &mut BTreeSet<String>,
) -> Option<Mailbox> {
    let own = section.required("address").and_then(|item| address(&item, seen));
    let aliases = section.list("aliases").iter().filter_map(|item| address(item, seen)).collect();
    let aliases_probe = section.boolean("aliases_probe", false);
    let user = section.optional("user").map(|item| user(&item));
    let password = section.optional("password").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    let via = section.optional("via").map(|item| via(&item, names, hosts));
    let via = via.map_or(Some(None), |via| via.map(Some));
    let through_host = matches!(via, Some(Some(_)));
    let smtp = server(section, "smtp", "smtp_tls", through_host);
    let imap = server(section, "imap", "imap_tls", through_host);
    let ca = section.optional("ca").map_or(Some(None), |item| item.local_path().map(Some));
    if section.optional("password").is_none() && (smtp.is_some() || imap.is_some()) {
        section.item().error(
            "password is missing, so the login cannot be checked",
            "add password = \"NAME\" of [secrets], or remove smtp and imap",
        );
    }
    if aliases_probe && section.optional("smtp").is_none() {
        section.item().error("aliases_probe needs an SMTP server to ask", "add smtp = \"host:port\", or remove it");
    }
    let address = own?;
    let user = user.unwrap_or_else(|| Some(address.clone()))?;
    Some(Mailbox { name, address, aliases, aliases_probe, user, password, smtp, imap, via: via?, ca: ca? })
}

/// A server, with TLS as its port wants it where nothing else is said.
fn server(section: &Section<'_>, key: &'static str, tls_key: &'static str, through_host: bool) -> Option<MailServer> {
    let given = section.optional(tls_key);
    let Some(item) = section.optional(key) else {
        if let Some(given) = given {
            given.error(&format!("is given without {key}"), format!("add {key} = \"host:port\", or remove it"));
        }
        return None;
    };
    let (address, port) = item.host_and_port()?;
    let tls = match given {
        None if matches!(port, 465 | 993) => MailTls::Implicit,
        None => MailTls::Starttls,
        Some(item) => {
            let ways = [("implicit", MailTls::Implicit), ("starttls", MailTls::Starttls)];
            match protection(&item, &ways, is_loopback(&address), through_host)? {
                Protection::Tls(tls) => tls,
                Protection::Off => MailTls::Off,
            }
        }
    };
    Some(MailServer { address, port, tls })
}

/// Who logs in. Servers name their users as they like.
fn user(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 254 && !text.chars().any(char::is_whitespace);
    if !ok {
        item.error("is not a user of a mail server", "write it as the provider gave it, without spaces");
    }
    ok.then(|| text.to_owned())
}

/// A mail address that no other mailbox or alias has.
fn address(item: &Item<'_>, seen: &mut BTreeSet<String>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !local.starts_with('-') && domain.contains('.') && !domain.contains('@')
        })
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b',' | b';' | b':' | b'/'));
    if !ok {
        item.error("is not a mail address", "write it as name@example.org");
        return None;
    }
    if !seen.insert(text.to_lowercase()) {
        item.error("the address is already given", "keep it in one mailbox only");
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[mailboxes.a]
address = "nobody""#,
                2,
                "mailboxes.a.address: is not a mail address",
                "write it as",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
aliases = ["b@example.org", "A@example.org"]"#,
                3,
                "mailboxes.a.aliases: the address is already given",
                "keep it",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
smtp = "mail.example.org"
password = "CRM_DB_PASSWORD""#,
                3,
                "mailboxes.a.smtp: is not host:port",
                "write it as",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
imap = "mail.example.org:993""#,
                1,
                "mailboxes.a: password is missing",
                "add password",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
imap = "mail.example.org:143"
imap_tls = "off"
password = "CRM_DB_PASSWORD""#,
                4,
                "mailboxes.a.imap_tls: would send the password over a network in the clear",
                "remove it, and name the authorities",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
smtp = "mail.example.org:25"
smtp_tls = "off_behind_host"
password = "CRM_DB_PASSWORD""#,
                4,
                "mailboxes.a.smtp_tls: is for what is reached through a host",
                "name the host",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
smtp = "mail.example.org:25"
password = "CRM_DB_PASSWORD"
via = "web""#,
                5,
                "mailboxes.a.via: is this machine",
                "remove it",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
smtp_tls = "starttls""#,
                3,
                "mailboxes.a.smtp_tls: is given without smtp",
                "add smtp",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
aliases_probe = true"#,
                1,
                "mailboxes.a: aliases_probe needs an SMTP server",
                "add smtp",
            ),
            (
                r#"[mailboxes.a]
address = "a@example.org"
user = "a b""#,
                3,
                "mailboxes.a.user: is not a user of a mail server",
                "write it as",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
    #[test]
    fn the_port_says_how_tls_begins_unless_the_file_does() {
        let of = |text: &str| {
            let text = format!(
                "[mailboxes.a]\naddress = \"a@example.org\"\npassword = \"P\"\n{text}\n[secrets]\nP = \"env:P\""
            );
            let config = crate::config::parse(std::path::Path::new("/c/deploy-ops.toml"), &text).unwrap();
            config.inventory.mailboxes.into_values().next().unwrap().smtp.unwrap()
        };
        for (text, address, port, tls) in [
            ("smtp = \"m.example.org:465\"", "m.example.org", 465, MailTls::Implicit),
            ("smtp = \"m.example.org:587\"", "m.example.org", 587, MailTls::Starttls),
            ("smtp = \"m.example.org:465\"\nsmtp_tls = \"starttls\"", "m.example.org", 465, MailTls::Starttls),
            ("smtp = \"[::1]:2525\"\nsmtp_tls = \"off\"", "::1", 2525, MailTls::Off),
        ] {
            assert_eq!(of(text), MailServer { address: address.to_owned(), port, tls }, "{text}");
        }
    }
}
