//! A mailbox: its logins, and whether the domains of its aliases take mail.

use std::{collections::BTreeSet, time::Duration};

use super::{Found, is_of_the_way};
use crate::{
    domain::{evidence::Outcome, inventory::Mailbox, name::MailboxName},
    world::{
        Reader,
        dns::{Kind, Record},
        mail::Fault,
        names::{Names, Unresolved},
    },
};

pub(super) async fn attempt(reader: &Reader<'_>, name: &MailboxName, timeout: Duration) -> Found {
    let Ok(mailbox) = reader.inventory().mailbox(name) else {
        return Found::inconclusive(format!("Mailbox {name} is not in the inventory."));
    };
    let domains = domains(&reader.world.http.names, mailbox).await;
    if !mailbox.has_login() && !mailbox.aliases.is_empty() {
        return domains;
    }
    let logins = log_in(reader, mailbox, timeout).await;
    if mailbox.aliases.is_empty() {
        return logins;
    }
    let worst = [logins.outcome, domains.outcome];
    let outcome = [Outcome::Fail, Outcome::Inconclusive].into_iter().find(|bad| worst.contains(bad));
    let detail = format!("{}; {}", logins.detail.trim_end_matches('.'), domains.detail);
    Found { outcome: outcome.unwrap_or(Outcome::Pass), detail, ..logins }
}

async fn log_in(reader: &Reader<'_>, mailbox: &Mailbox, timeout: Duration) -> Found {
    let found = match reader.log_in_to_mailbox(mailbox, timeout).await {
        Ok(found) => found,
        Err(error) => return Found::error(&error),
    };
    let says_nothing = |fault: &Fault| match fault {
        Fault::Way(error) => is_of_the_way(error),
        fault => matches!(fault, Fault::Later(_)),
    };
    let outcome = if found.lacks_alias() || found.faults().any(|fault| !says_nothing(fault)) {
        Outcome::Fail
    } else if found.faults().next().is_some() {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    };
    let settled = !found.faults().any(Fault::may_pass);
    Found { settled, untrusted_text: found.said(), ..Found::new(outcome, format!("{}.", found.describe())) }
}

/// Whether every domain of an alias takes mail, as DNS says.
async fn domains(names: &Names, mailbox: &Mailbox) -> Found {
    let domains: BTreeSet<String> = mailbox
        .aliases
        .iter()
        .filter_map(|alias| alias.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()))
        .collect();
    let asked = domains.iter().map(|domain| async move { (domain, takes_mail(names, domain).await) });
    let asked = futures::future::join_all(asked).await;
    let of = |wanted: Result<bool, ()>| {
        let some = asked.iter().filter(|(_, takes)| *takes == wanted).map(|(domain, _)| domain.as_str());
        some.collect::<Vec<_>>().join(", ")
    };
    match (of(Ok(false)), of(Err(()))) {
        (none, _) if !none.is_empty() => Found::fail(format!("no mail is taken for the alias domain {none}.")),
        (_, silent) if !silent.is_empty() => {
            Found::inconclusive(format!("DNS does not say whether mail is taken for the alias domain {silent}."))
        }
        _ => Found::pass(format!("alias domains take mail ✓ ({}).", domains.len())),
    }
}

/// By its MX records, or, without any, by its addresses (RFC 5321 §5.1). A lone MX without a name refuses mail (RFC 7505).
async fn takes_mail(names: &Names, domain: &str) -> Result<bool, ()> {
    match names.records(domain, Kind::Mx).await {
        Ok(records) => Ok(records.iter().any(|record| matches!(record, Record::Mail(host) if !host.is_empty()))),
        Err(Unresolved::NoRecord) => match names.addresses(domain, true).await {
            Ok(_) => Ok(true),
            Err(Unresolved::Silent) => Err(()),
            Err(_) => Ok(false),
        },
        Err(Unresolved::NoSuchName) => Ok(false),
        Err(_) => Err(()),
    }
}
