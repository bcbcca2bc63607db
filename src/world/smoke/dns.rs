//! The records of a name.

use super::Found;
use crate::{
    domain::inventory::DnsCheck,
    world::{
        dns::{Kind, Record},
        names::{Names, Unresolved},
    },
};

/// How many addresses are told.
const TOLD: usize = 6;

pub(super) async fn attempt(names: &Names, check: &DnsCheck) -> Found {
    let wanted = wanted(check);
    if wanted.is_empty() {
        return match names.addresses(&check.host, true).await {
            Ok(found) => {
                let found: Vec<String> = found.iter().take(TOLD).map(ToString::to_string).collect();
                Found::pass(format!("{} leads to {}.", check.host, found.join(", ")))
            }
            Err(why) => unresolved(&check.host, why),
        };
    }
    let (mut right, mut faults, mut untrusted, mut silent) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (label, kind, wanted) in wanted {
        match names.records(&check.host, kind).await.map(texts) {
            Ok(found) if found == wanted => right.push(label),
            // Addresses are numbers; names are what others wrote.
            Ok(found) if matches!(kind, Kind::A | Kind::Aaaa) => {
                let found: Vec<String> = found.into_iter().take(TOLD).collect();
                faults.push(format!("{label} is {}, wanted {}", found.join(", "), wanted.join(", ")));
            }
            Ok(found) => {
                untrusted.push(format!("{label}: {}", found.join(", ")));
                faults.push(format!("{label} is not {}", wanted.join(", ")));
            }
            Err(Unresolved::NoRecord) => faults.push(format!("there is no {label} record")),
            Err(why @ Unresolved::NoSuchName) => return unresolved(&check.host, why),
            Err(why) => silent = Some(why),
        }
    }
    let untrusted_text = (!untrusted.is_empty()).then(|| untrusted.join("\n"));
    match silent {
        _ if !faults.is_empty() => {
            Found { untrusted_text, ..Found::fail(format!("{}: {}.", check.host, faults.join("; "))) }
        }
        Some(why) => unresolved(&check.host, why),
        None => Found::pass(format!("{} of {} as wanted.", right.join(", "), check.host)),
    }
}

/// Each kind of record that is given, with what it has to be.
fn wanted(check: &DnsCheck) -> Vec<(&'static str, Kind, Vec<String>)> {
    let all = [
        ("A", Kind::A, check.a.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ("AAAA", Kind::Aaaa, check.aaaa.iter().map(ToString::to_string).collect()),
        ("CNAME", Kind::Cname, check.cname.iter().cloned().collect()),
        ("MX", Kind::Mx, check.mx.clone()),
    ];
    let given = all.into_iter().filter(|(.., wanted)| !wanted.is_empty());
    given
        .map(|(label, kind, mut wanted)| {
            wanted.sort_unstable();
            (label, kind, wanted)
        })
        .collect()
}

/// As they are compared.
fn texts(records: Vec<Record>) -> Vec<String> {
    let text = |record| match record {
        Record::Address(address) => address.to_string(),
        Record::Alias(name) | Record::Mail(name) => name,
    };
    let mut texts: Vec<String> = records.into_iter().map(text).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// What DNS itself says fails; a server that says nothing says nothing about the name.
fn unresolved(host: &str, why: Unresolved) -> Found {
    let told = format!("{host}: {why}.");
    if why == Unresolved::Silent { Found::inconclusive(told) } else { Found::fail(told) }
}
