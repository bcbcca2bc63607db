//! `[mailboxes.<name>]`

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{inventory::Mailbox, name::MailboxName},
};

const KEYS: &[&str] = &["address", "aliases", "smtp", "imap", "password"];

pub(super) fn read(mailboxes: &Item<'_>, names: &Names) -> BTreeMap<MailboxName, Mailbox> {
    let mut seen = BTreeSet::new();
    let entries = mailboxes.entries::<MailboxName>().into_iter();
    entries
        .filter_map(|(name, item)| Some((name.clone(), mailbox(name, &item.section(KEYS)?, names, &mut seen)?)))
        .collect()
}

fn mailbox(name: MailboxName, section: &Section<'_>, names: &Names, seen: &mut BTreeSet<String>) -> Option<Mailbox> {
    let own = section.required("address").and_then(|item| address(&item, seen));
    let aliases = section.list("aliases").iter().filter_map(|item| address(item, seen)).collect();
    let smtp = section.optional("smtp").and_then(|item| item.host_and_port());
    let imap = section.optional("imap").and_then(|item| item.host_and_port());
    let password = section.optional("password").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    if password.is_none() && (smtp.is_some() || imap.is_some()) && section.optional("password").is_none() {
        section.item().error(
            "password is missing, so the login cannot be checked",
            "add password = \"NAME\" of [secrets], or remove smtp and imap",
        );
    }
    Some(Mailbox { name, address: own?, aliases, smtp, imap, password })
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
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
