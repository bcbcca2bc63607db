//! `[services.<name>.lighthouse]` and `[services.<name>.visual]`: which pages are looked at after a deployment, and what follows.

use std::collections::BTreeSet;

use super::services::references;
use crate::{
    config::raw::Item,
    domain::{
        inventory::{MeasuredAfter, Page, ShownAfter},
        lighthouse::Below,
        look::Changed,
        name::PageName,
    },
};

const LIGHTHOUSE_KEYS: &[&str] = &["below", "pages"];
const VISUAL_KEYS: &[&str] = &["changed", "pages"];

/// What the rest of the file says.
pub(super) struct Asked<'p> {
    /// The pages of the service.
    pub(super) pages: &'p [Page],
    /// Whether all its targets have a URL that answers this machine.
    pub(super) everywhere: bool,
    /// Whether Lighthouse is configured.
    pub(super) lighthouse: bool,
}

impl Asked<'_> {
    pub(super) fn measured(&self, item: &Item<'_>) -> Option<MeasuredAfter> {
        if !self.lighthouse {
            item.error(
                "Lighthouse is not configured",
                "add [lighthouse] command = [\"node\", \"/path/of/lighthouse/cli/index.js\"]",
            );
        }
        let choices = [("warn", Below::Warn), ("fail", Below::Fail)];
        let (below, pages) = self.read(item, LIGHTHOUSE_KEYS, "below", &choices)?;
        Some(MeasuredAfter { pages, below })
    }

    pub(super) fn shown(&self, item: &Item<'_>) -> Option<ShownAfter> {
        let choices = [("tell", Changed::Tell), ("fail", Changed::Fail)];
        let (changed, pages) = self.read(item, VISUAL_KEYS, "changed", &choices)?;
        Some(ShownAfter { pages, changed })
    }

    /// What follows, and which pages: all that the service has, unless some are named.
    fn read<T: Clone>(
        &self,
        item: &Item<'_>,
        keys: &'static [&'static str],
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<(T, Vec<PageName>)> {
        let section = item.section(keys)?;
        if !self.everywhere {
            item.error(
                "looks at pages after every deployment, but one of the targets has no url that answers this machine",
                "add url = \"https://…\" to each target, or remove the section",
            );
        }
        let known: BTreeSet<String> = self.pages.iter().map(|page| page.name.to_string()).collect();
        let named: Vec<PageName> = references(&section, "pages", "page of the service", &known);
        let all = || self.pages.iter().map(|page| page.name.clone()).collect();
        let some = section.optional("pages").is_some();
        if self.everywhere && if some { section.list("pages").is_empty() } else { known.is_empty() } {
            item.error("there is no page to look at", "name some, or leave pages out");
        }
        Some((section.required(key)?.choice(choices)?, if some { named } else { all() }))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::testing::{INVENTORY, check_with_inventory, parse},
        domain::{lighthouse::Below, look::Changed},
    };

    const SERVICE: &str = r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
pages = { home = { path = "/" }, login = { path = "/login" } }
"#;
    const LIGHTHOUSE: &str = "[lighthouse]\ncommand = [\"lighthouse\"]\n";

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                "lighthouse = { below = \"warn\" }",
                6,
                "services.a.lighthouse: Lighthouse is not configured",
                "add [lighthouse]",
            ),
            ("visual = {}", 6, "services.a.visual: changed is missing", "add changed"),
            ("visual = { changed = \"warn\" }", 6, "services.a.visual.changed: is not one of", "write"),
            (
                "visual = { changed = \"tell\", pges = [] }",
                6,
                "unknown key pges in services.a.visual",
                "did you mean pages?",
            ),
            (
                "visual = { changed = \"tell\", pages = [\"hme\"] }",
                6,
                "services.a.visual.pages: there is no page of the service of this name",
                "did you mean home",
            ),
            (
                "visual = { changed = \"tell\", pages = [] }",
                6,
                "services.a.visual: there is no page to look at",
                "name some",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(&format!("{SERVICE}{text}"), line, message, fix);
        }
        let (without_pages, _) = SERVICE.split_once("pages").unwrap();
        let without_url = without_pages.replace(", url = \"https://a.example.org\"", "");
        let text = format!("{without_url}visual = {{ changed = \"tell\" }}");
        check_with_inventory(&text, 5, "services.a.visual: looks at pages after every deployment, but one", "add url");
    }

    #[test]
    fn all_pages_are_meant_unless_some_are_named() {
        let text = "lighthouse = { below = \"fail\", pages = [\"login\"] }\nvisual = { changed = \"tell\" }\n";
        let config = parse(&format!("{SERVICE}{text}{INVENTORY}{LIGHTHOUSE}")).unwrap();
        let service = config.inventory.services.into_values().next().unwrap();
        let (measured, shown) = (service.measured_after.unwrap(), service.shown_after.unwrap());
        assert_eq!((measured.pages.len(), measured.below), (1, Below::Fail));
        assert_eq!((shown.pages.len(), shown.changed), (2, Changed::Tell));
    }
}
