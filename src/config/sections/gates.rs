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

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[gates.quality]
command = """#,
                2,
                "gates.quality.command: must be one line",
                "shorten",
            ),
            ("[gates.quality]\ncommand = []", 2, "gates.quality.command: the command is empty", "give the program"),
            (
                r#"[gates.quality]
command = "npm test | tee log""#,
                2,
                "gates.quality.command: the command needs a shell",
                "put it into a script",
            ),
            (
                r#"[gates.quality]
command = "npm 'test""#,
                2,
                "gates.quality.command: a quote is not closed",
                "close it",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout_s = 0"#,
                3,
                "gates.quality.timeout_s: must be from 1 to 21600",
                "use a number",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout_s = "9""#,
                3,
                "gates.quality.timeout_s: must be an integer, not a text",
                "write digits",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout = 9"#,
                3,
                "unknown key timeout in gates.quality",
                "did you mean timeout_s? Known keys: command, timeout_s",
            ),
            ("[gates.quality]\ntimeout_s = 9", 1, "gates.quality: command is missing", "add command"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
