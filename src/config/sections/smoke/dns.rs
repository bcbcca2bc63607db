//! A smoke check of kind `dns`.

use std::{net::IpAddr, str::FromStr};

use crate::{
    config::raw::{Item, Section},
    domain::inventory::DnsCheck,
};

pub(super) const KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "host", "a", "aaaa", "cname", "mx"];

pub(super) fn read(section: &Section<'_>) -> Option<DnsCheck> {
    let host = section.required("host").and_then(|item| name(&item));
    let cname = section.optional("cname").map_or(Some(None), |item| name(&item).map(Some));
    let mut mx: Vec<String> = section.list("mx").iter().filter_map(name).collect();
    mx.sort_unstable();
    Some(DnsCheck { host: host?, a: addresses(section, "a"), aaaa: addresses(section, "aaaa"), cname: cname?, mx })
}

fn addresses<T: FromStr + Ord>(section: &Section<'_>, key: &'static str) -> Vec<T> {
    let parse = |item: &Item<'_>| {
        let found = item.text()?.parse().ok();
        if found.is_none() {
            item.error("is not an address of this kind", "write IPv4 addresses in `a` and IPv6 addresses in `aaaa`");
        }
        found
    };
    let mut found: Vec<T> = section.list(key).iter().filter_map(parse).collect();
    found.sort_unstable();
    found
}

/// A name as DNS compares it: in lower case, without the dot at its end.
fn name(item: &Item<'_>) -> Option<String> {
    let text = item.text()?.trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let ok = text.len() <= 253
        && text.split('.').all(label)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && text.parse::<IpAddr>().is_err();
    if !ok {
        item.error("is not a host name", "write it as www.example.org; names with other letters in their xn-- form");
    }
    ok.then_some(text)
}
