//! `[[services.<name>.e2e]]`

use std::collections::BTreeMap;

use super::{
    deploy,
    gates::{directory, given},
    services::references,
};
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{EndToEndSuite, Target},
        name::{FlowName, SuiteName},
        results::Format,
    },
};

const KEYS: &[&str] = &[
    "name",
    "command",
    "prepare",
    "timeout_s",
    "path",
    "directory",
    "report",
    "format",
    "flows",
    "secrets",
    "environment",
    "after_deploy",
    "pictures",
];

/// The suites of a service.
pub(super) fn read<'t>(
    service: &Section<'_>,
    names: &Names,
    targets: impl Iterator<Item = &'t Target> + Clone,
) -> Vec<EndToEndSuite> {
    let mut suites: Vec<EndToEndSuite> = Vec::new();
    for item in service.list("e2e") {
        let Some(suite) = item.section(KEYS).and_then(|section| suite(&section, names)) else { continue };
        if suites.iter().any(|other| other.name == suite.name) {
            item.error("a suite of this name is already given", "give each suite of a service its own name");
        }
        if targets.clone().all(|target| target.url.is_none()) {
            item.error("tests what users see, but no target has a url", "add url = \"https://…\" to the target");
        } else if suite.after_deploy && targets.clone().any(|target| target.url.is_none() || target.through_host) {
            item.error(
                "decides about every deployment, but one of the targets has no url that answers this machine",
                "add url = \"https://…\" to each target, or remove after_deploy",
            );
        }
        suites.push(suite);
    }
    suites
}

fn suite(section: &Section<'_>, names: &Names) -> Option<EndToEndSuite> {
    let formats = [("playwright", Format::Playwright), ("junit", Format::Junit)];
    let secrets = references(section, "secrets", "entry of [secrets]", &names.secrets);
    Some(EndToEndSuite {
        name: section.required("name")?.parsed::<SuiteName>("choose a short name")?,
        command: section.required("command")?.command()?,
        prepare: given(section, "prepare", Item::command)?,
        timeout_s: section.number("timeout_s", defaults::E2E_TIMEOUT_S),
        path: section.list("path").iter().filter_map(directory).collect(),
        directory: given(section, "directory", Item::local_path)?,
        report: section.required("report")?.relative_path()?,
        format: section.required("format")?.choice(&formats)?,
        flows: section.optional("flows").map(|item| flows(&item)).unwrap_or_default(),
        environment: section.optional("environment").map(|item| deploy::environment(&item)).unwrap_or_default(),
        after_deploy: section.boolean("after_deploy", false),
        // Behind a login there is more to see than anybody has looked through.
        pictures: section.boolean("pictures", secrets.is_empty()),
        secrets,
    })
}

/// What each flow adds to the command, as an array or as one text that is split like a shell splits words.
fn flows(item: &Item<'_>) -> BTreeMap<FlowName, Vec<String>> {
    let entries = item.entries::<FlowName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, item.command()?))).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::testing::{INVENTORY, check_with_inventory, parse};

    const SERVICE: &str = r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
"#;

    fn suite(keys: &str) -> String {
        format!("{SERVICE}[[services.a.e2e]]\nname = \"ui\"\nreport = \"r.json\"\nformat = \"playwright\"\n{keys}")
    }

    #[test]
    fn what_is_left_out_is_careful() {
        let text = suite("command = \"npx playwright test\"\nflows = { login = \"--grep @login\" }");
        let config = parse(&format!("{text}\n{INVENTORY}")).unwrap();
        let service = config.inventory.services.values().next().unwrap();
        let suite = service.e2e.first().unwrap();
        assert!(suite.pictures && !suite.after_deploy && suite.directory.is_none());
        assert_eq!(suite.flows.values().next().unwrap(), &["--grep", "@login"]);
        let text = text.replace("flows =", "secrets = [\"CRM_DB_PASSWORD\"]\nflows =");
        let config = parse(&format!("{text}\n{INVENTORY}")).unwrap();
        assert!(!config.inventory.services.values().next().unwrap().e2e.first().unwrap().pictures);
    }

    #[test]
    fn each_mistake_is_told() {
        let command = "command = \"npx playwright test\"";
        let without_url = SERVICE.replace(", url = \"https://a.example.org\"", "");
        let cases = [
            (suite(""), 5, "services.a.e2e: command is missing", "add command"),
            (suite("command = \"npm test | tee log\""), 9, "services.a.e2e.command: the command needs a shell", "put"),
            (suite(command).replace("name = \"ui\"\n", ""), 5, "services.a.e2e: name is missing", "add name"),
            (suite(command).replace("\"playwright\"", "\"tap\""), 8, "services.a.e2e.format: is not one of", "write"),
            (suite(command).replace("report = \"r.json\"\n", ""), 5, "services.a.e2e: report is missing", "add"),
            (suite(&format!("{command}\ntimeout = 5")), 10, "unknown key timeout in", "did you mean timeout_s?"),
            (
                suite(&format!("{command}\nflows = {{ login = \"--grep 'x\" }}")),
                10,
                "services.a.e2e.flows.login: a quote is not closed",
                "close",
            ),
            (
                suite(&format!("{command}\nenvironment = {{ API_TOKEN = \"abc\" }}")),
                10,
                "services.a.e2e.environment.API_TOKEN: looks like a secret",
                "declare it",
            ),
            (
                suite(&format!("{command}\nsecrets = [\"CRM_DB_PASWORD\"]")),
                10,
                "services.a.e2e.secrets: there is no entry of [secrets]",
                "did you mean CRM_DB_PASSWORD",
            ),
            (suite(command).replace(SERVICE, &without_url), 5, "services.a.e2e: tests what users see", "add url"),
            (
                format!("{}\n{}", suite(command), suite(command).strip_prefix(SERVICE).unwrap()),
                10,
                "services.a.e2e: a suite of this name is already given",
                "give each",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(&text, line, message, fix);
        }
    }
}
