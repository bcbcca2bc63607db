//! `[lighthouse]`

use std::collections::BTreeMap;

use crate::{
    config::{defaults, raw::Item},
    domain::{
        inventory::Lighthouse,
        lighthouse::{CATEGORIES, Metric},
    },
};

const KEYS: &[&str] = &["command", "runs", "timeout_s", "minimum", "budget"];
const CATEGORY_KEYS: &[&str] = &["performance", "accessibility", "best-practices", "seo"];
const BUDGET_KEYS: &[&str] = &["lcp_ms", "tbt_ms", "cls_permille"];

pub(super) fn read(item: &Item<'_>) -> Option<Lighthouse> {
    let section = item.section(KEYS)?;
    let command = section.required("command").and_then(|item| item.command());
    let given = section.optional("minimum").and_then(|item| item.section(CATEGORY_KEYS));
    let minimum = CATEGORIES.into_iter().map(|category| {
        let least = defaults::LIGHTHOUSE_MINIMUM;
        (category, given.as_ref().map_or(least.default, |given| given.number(category.name(), least)))
    });
    let budget = section.optional("budget").and_then(|item| item.section(BUDGET_KEYS));
    let limited = [
        (Metric::LargestContentfulPaint, "lcp_ms"),
        (Metric::TotalBlockingTime, "tbt_ms"),
        (Metric::CumulativeLayoutShift, "cls_permille"),
    ];
    let budgets = limited.into_iter().filter_map(|(metric, key)| {
        let most = budget.as_ref()?.optional(key)?.number(defaults::LIGHTHOUSE_BUDGET)?;
        Some((metric, most))
    });
    Some(Lighthouse {
        runs: section.number("runs", defaults::LIGHTHOUSE_RUNS),
        timeout_s: section.number("timeout_s", defaults::LIGHTHOUSE_TIMEOUT_S),
        minimum: minimum.collect(),
        budgets: budgets.collect::<BTreeMap<_, _>>(),
        command: command?,
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        config::testing::{check, parse},
        domain::lighthouse::{Category, Metric},
    };

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[lighthouse]\nruns = 3", 1, "lighthouse: command is missing", "add command"),
            (
                "[lighthouse]\ncommand = [\"lighthouse\"]\nruns = 0",
                3,
                "lighthouse.runs: must be from 1 to 9",
                "use a number",
            ),
            (
                "[lighthouse]\ncommand = [\"lighthouse\"]\nminimum = { performence = 80 }",
                3,
                "unknown key performence in lighthouse.minimum",
                "did you mean performance?",
            ),
            (
                "[lighthouse]\ncommand = [\"lighthouse\"]\nminimum = { seo = 101 }",
                3,
                "lighthouse.minimum.seo: must be from 0 to 100",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn ninety_is_wanted_unless_something_else_is_said() {
        let text =
            "[lighthouse]\ncommand = [\"lighthouse\"]\nminimum = { performance = 70 }\nbudget = { lcp_ms = 2500 }";
        let found = parse(text).unwrap().inventory.lighthouse.unwrap();
        assert_eq!((found.minimum[&Category::Performance], found.minimum[&Category::Seo]), (70, 90));
        assert_eq!(found.budgets.into_iter().collect::<Vec<_>>(), [(Metric::LargestContentfulPaint, 2500)]);
        assert_eq!(found.runs, 3);
    }
}
