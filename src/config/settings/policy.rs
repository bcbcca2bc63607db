//! `[policy]`

use crate::{
    config::{
        defaults,
        raw::{Bounds, Item, Section},
    },
    policy,
};

const KEYS: &[&str] = &[
    "dry_run_fresh_s",
    "snapshot_fresh_s",
    "gates_fresh_s",
    "ci_gates_fresh_s",
    "alerts_fresh_s",
    "rollback_fresh_s",
    "secrets_fresh_s",
    "smoke_fresh_s",
    "plan_lifetime_s",
    "production_plan_lifetime_s",
    "decision_deadline_s",
    "tag_pattern",
];

/// How long evidence and plans count, seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// A dry run.
    pub dry_run_fresh_s: u32,
    /// A verified snapshot.
    pub snapshot_fresh_s: u32,
    /// Quality gates that ran here.
    pub gates_fresh_s: u32,
    /// Quality gates that ran in continuous integration.
    pub ci_gates_fresh_s: u32,
    /// Security alerts.
    pub alerts_fresh_s: u32,
    /// The proof that a way back exists.
    pub rollback_fresh_s: u32,
    /// The proof that the required secrets exist.
    pub secrets_fresh_s: u32,
    /// Smoke checks.
    pub smoke_fresh_s: u32,
    /// A plan, outside production.
    pub plan_lifetime_s: u32,
    /// A plan for an environment of tier production.
    pub production_plan_lifetime_s: u32,
    /// How long a human has to decide about a degraded deployment before it is rolled back.
    pub decision_deadline_s: u32,
    /// What the name of a new tag has to be, a regular expression over the whole of it.
    pub tag_pattern: String,
}

impl From<PolicySettings> for policy::Settings {
    fn from(settings: PolicySettings) -> Self {
        Self {
            plan_s: settings.plan_lifetime_s,
            production_plan_s: settings.production_plan_lifetime_s,
            dry_run_s: settings.dry_run_fresh_s,
            gate_s: settings.gates_fresh_s,
            remote_gate_s: settings.ci_gates_fresh_s,
            alert_gate_s: settings.alerts_fresh_s,
            snapshot_fresh_s: settings.snapshot_fresh_s,
            rollback_s: settings.rollback_fresh_s,
            secrets_s: settings.secrets_fresh_s,
            decision_s: settings.decision_deadline_s,
            tag_pattern: settings.tag_pattern,
        }
    }
}

pub(super) fn read(file: &Section<'_>) -> PolicySettings {
    let section = file.optional("policy").and_then(|item| item.section(KEYS));
    let number = |key, bounds: Bounds| section.as_ref().map_or(bounds.default, |section| section.number(key, bounds));
    PolicySettings {
        dry_run_fresh_s: number("dry_run_fresh_s", defaults::DRY_RUN_FRESH_S),
        snapshot_fresh_s: number("snapshot_fresh_s", defaults::SNAPSHOT_FRESH_S),
        gates_fresh_s: number("gates_fresh_s", defaults::GATES_FRESH_S),
        ci_gates_fresh_s: number("ci_gates_fresh_s", defaults::CI_GATES_FRESH_S),
        alerts_fresh_s: number("alerts_fresh_s", defaults::ALERTS_FRESH_S),
        rollback_fresh_s: number("rollback_fresh_s", defaults::ROLLBACK_FRESH_S),
        secrets_fresh_s: number("secrets_fresh_s", defaults::SECRETS_FRESH_S),
        smoke_fresh_s: number("smoke_fresh_s", defaults::SMOKE_FRESH_S),
        plan_lifetime_s: number("plan_lifetime_s", defaults::PLAN_LIFETIME_S),
        production_plan_lifetime_s: number("production_plan_lifetime_s", defaults::PRODUCTION_PLAN_LIFETIME_S),
        decision_deadline_s: number("decision_deadline_s", defaults::DECISION_DEADLINE_S),
        tag_pattern: section
            .as_ref()
            .and_then(|section| section.optional("tag_pattern"))
            .and_then(|item| tag_pattern(&item))
            .unwrap_or_else(|| policy::Settings::default().tag_pattern),
    }
}

fn tag_pattern(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if policy::Settings::tag_regex(text).is_none() {
        item.error("is not a regular expression", "write it as 'v[0-9]+[.][0-9]+[.][0-9]+'");
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                "[policy]\nsnapshot_fresh_s = 5",
                2,
                "policy.snapshot_fresh_s: must be from 60 to 86400",
                "use a number in that range; 900 is the default",
            ),
            (
                "[policy]\nsnapshots_fresh_s = 600",
                2,
                "unknown key snapshots_fresh_s in policy",
                "did you mean snapshot_fresh_s?",
            ),
            ("[policy]\ntag_pattern = '('", 2, "policy.tag_pattern: is not a regular expression", "write it as"),
            ("[polcy]", 1, "unknown key polcy in the top level", "did you mean policy?"),
            ("policy = 3", 1, "policy: must be a table, not an integer", "write it as"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_policy() {
        let settings = crate::config::testing::parse("").unwrap().settings.policy;
        assert_eq!(crate::policy::Settings::from(settings), crate::policy::Settings::default());
    }
}
