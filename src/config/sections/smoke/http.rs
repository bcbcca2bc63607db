//! A smoke check of kind `http`.

use std::collections::BTreeMap;

use super::{path, rules};
use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::inventory::{HeaderWanted, HttpCheck, SmokeRules, TextPattern},
};

pub(super) const KEYS: &[&str] = &[
    "name",
    "kind",
    "timeout_ms",
    "attempts",
    "path",
    "status",
    "ends_at",
    "max_redirects",
    "contains",
    "lacks",
    "matches",
    "not_matches",
    "headers",
    "max_ms",
    "certificate_warn_days",
    "certificate_fail_days",
    "through_host",
];

/// What to do about a pattern that is none.
const PATTERN: &str = "write it in single quotes, such as 'Version \\d+', shorter and without look-around; for plain text there is contains";

pub(super) fn read(section: &Section<'_>, usual: &SmokeRules) -> Option<HttpCheck> {
    let path = section.required("path").and_then(|item| path(&item));
    let text = |key| section.optional(key).and_then(|item| item.text()).map(str::to_owned);
    let pattern = |key| section.optional(key).and_then(|item| item.parsed::<TextPattern>(PATTERN));
    let status = section.optional("status").map_or_else(|| vec![200], |item| status(&item));
    let check = HttpCheck {
        path: path?,
        ends_at: section.optional("ends_at").and_then(|item| item.web_url()),
        max_redirects: section.number("max_redirects", defaults::SMOKE_REDIRECTS),
        contains: text("contains"),
        lacks: text("lacks"),
        matches: pattern("matches"),
        not_matches: pattern("not_matches"),
        headers: section.optional("headers").map(|item| headers(&item)).unwrap_or_default(),
        max_ms: section.optional("max_ms").and_then(|item| item.number(defaults::SMOKE_MAX_MS)),
        certificate: rules::certificate(section, usual.certificate),
        through_host: section.optional("through_host").and_then(|item| item.boolean()),
        status,
    };
    if let Some(item) = section.optional("ends_at").filter(|_| !check.follows()) {
        item.error(
            "is the end of redirects, but a redirect is what is wanted",
            "remove it, or the status of 300 to 399",
        );
    }
    Some(check)
}

/// One status, or some.
fn status(item: &Item<'_>) -> Vec<u16> {
    let items = if item.is_array() { item.list() } else { vec![item.clone()] };
    if items.is_empty() {
        item.error("no status would be right", "write those that are, or remove it: 200 is the default");
    }
    let found = items.iter().filter_map(|item| item.number(defaults::SMOKE_STATUS));
    found.filter_map(|status| u16::try_from(status).ok()).collect()
}

/// `{ name = "text that it holds", other = true, third = false }`
fn headers(item: &Item<'_>) -> BTreeMap<String, HeaderWanted> {
    let mut wanted = BTreeMap::new();
    for (name, value) in item.table().into_iter().flatten() {
        let name = name.get_ref();
        let valid =
            !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !valid {
            item.error("one of its keys is not the name of a header", "write names as strict-transport-security");
            continue;
        }
        let Some(value_item) = item.optional_member(name) else { continue };
        let value = if value.get_ref().as_bool().is_some() {
            value_item.boolean().map(|there| if there { HeaderWanted::Present } else { HeaderWanted::Absent })
        } else {
            value_item.text().map(|text| HeaderWanted::Holds(text.to_owned()))
        };
        wanted.extend(value.map(|value| (name.to_ascii_lowercase(), value)));
    }
    wanted
}
