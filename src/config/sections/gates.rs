//! `[gates.<name>]`

use std::collections::BTreeMap;

use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::{inventory::Gate, name::GateName},
};

const KEYS: &[&str] = &["command", "timeout_s"];

pub(super) fn read(gates: &Item<'_>) -> BTreeMap<GateName, Gate> {
    let entries = gates.entries::<GateName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), gate(name, &item.section(KEYS)?)?))).collect()
}

fn gate(name: GateName, section: &Section<'_>) -> Option<Gate> {
    let timeout_s = section.number("timeout_s", defaults::GATE_TIMEOUT_S);
    Some(Gate { name, command: section.required("command")?.command()?, timeout_s })
}
