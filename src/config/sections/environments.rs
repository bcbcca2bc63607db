//! `[environments.<name>]`

use std::{collections::BTreeMap, str::FromStr};

use super::{fetch, notify, schedule, signed_comments};
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        effect::Tier,
        inventory::{ApprovalRule, Environment, GitHubApproval},
        name::{EnvironmentName, InvalidName},
    },
};

const KEYS: &[&str] = &["tier", "approval", "windows", "freezes", "monitoring", "monitoring_watch_s", "notify"];
const APPROVAL_KEYS: &[&str] = &["required", "totp", "same_user", "valid_for_s", "wait_s", "github", "signed_comments"];

pub(super) fn read(environments: &Item<'_>, names: &Names) -> BTreeMap<EnvironmentName, Environment> {
    let entries = environments.entries::<EnvironmentName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), environment(name, &item.section(KEYS)?, names)))).collect()
}

fn environment(name: EnvironmentName, section: &Section<'_>, names: &Names) -> Environment {
    let tier = section.optional("tier").map_or(Tier::Production, |item| tier(&item));
    if let Some(watch) = section.optional("monitoring_watch_s").filter(|_| section.optional("monitoring").is_none()) {
        watch.error("is given without monitoring", "add monitoring = [\"…\"], or remove it");
    }
    let monitor = |item: &Item<'_>| item.reference("entry of [monitoring]", &names.monitors);
    Environment {
        name,
        tier,
        approval: approval(section, tier),
        windows: section.list("windows").iter().filter_map(schedule::window).collect(),
        freezes: section.list("freezes").iter().filter_map(schedule::freeze).collect(),
        monitoring: section.list("monitoring").iter().filter_map(monitor).collect(),
        monitoring_watch_s: section.number("monitoring_watch_s", defaults::MONITORING_WATCH_S),
        notify: section.list("notify").iter().filter_map(|item| notify::telling(item, names)).collect(),
    }
}

/// An unknown tier is the most careful one: a typing mistake must not make an environment less safe.
fn tier(item: &Item<'_>) -> Tier {
    match item.text() {
        Some("development") => Tier::Development,
        Some("staging") => Tier::Staging,
        Some("production") | None => Tier::Production,
        Some(_) => {
            item.warning("is not a known tier, so it counts as production", "write production, staging or development");
            Tier::Production
        }
    }
}

fn approval(environment: &Section<'_>, tier: Tier) -> ApprovalRule {
    let production = tier == Tier::Production;
    let default = ApprovalRule {
        required: production,
        totp: false,
        same_user_with_totp: false,
        valid_for_s: defaults::APPROVAL_VALID_FOR_S.default,
        wait_s: defaults::APPROVAL_WAIT_S.default,
        github: None,
        signed_comments: None,
    };
    let Some(section) = environment.optional("approval").and_then(|item| item.section(APPROVAL_KEYS)) else {
        return default;
    };
    let required = section.boolean("required", default.required);
    if production && !required {
        section.item().error(
            "an environment of tier production always needs an approval",
            "remove required = false, or give the environment the tier staging or development",
        );
    }
    let rule = ApprovalRule {
        required: required || production,
        totp: section.boolean("totp", default.totp),
        same_user_with_totp: section
            .optional("same_user")
            .and_then(|item| item.choice(&[("refused", false), ("totp", true)]))
            .unwrap_or(default.same_user_with_totp),
        valid_for_s: section.number("valid_for_s", defaults::APPROVAL_VALID_FOR_S),
        wait_s: section.number("wait_s", defaults::APPROVAL_WAIT_S),
        github: section.optional("github").and_then(|item| on_github(&item)),
        signed_comments: section.optional("signed_comments").and_then(|item| signed_comments::read(&item)),
    };
    if let Some(wait) = section.optional("wait_s").filter(|_| rule.wait_s > 0) {
        check_wait(&wait, &rule);
    }
    rule
}

/// A wait that nothing would begin, or nothing could outlast, is a mistake.
fn check_wait(wait: &Item<'_>, rule: &ApprovalRule) {
    if !rule.required {
        wait.error("is given, but no approval is needed, after which to wait", "add required = true, or remove wait_s");
    }
    if rule.wait_s >= rule.valid_for_s {
        wait.error("is not shorter than an approval counts", "give a shorter wait_s, or a longer valid_for_s");
    }
    if rule.github.is_some() {
        wait.error(
            "is given, but GitHub does not tell when a reviewer approved",
            "remove github (signed_comments have a time), or wait_s",
        );
    }
}

fn on_github(item: &Item<'_>) -> Option<GitHubApproval> {
    let section = item.section(&["environment", "workflow", "approvers"])?;
    let environment = section.required("environment").and_then(|item| part_of_a_path(&item));
    let workflow = section.required("workflow").and_then(|item| fetch::workflow_file(&item));
    let mut approvers = BTreeMap::new();
    for (login, item) in section.required("approvers")?.entries::<Login>() {
        let asks_as = item.list().iter().filter_map(|item| item.text().map(str::to_owned)).collect();
        approvers.insert(login.0.to_ascii_lowercase(), asks_as);
    }
    if approvers.is_empty() {
        item.error("nobody may approve there", "add approvers = { LOGIN = [] }");
        return None;
    }
    Some(GitHubApproval { environment: environment?, workflow: workflow?, approvers })
}

fn part_of_a_path(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let fits = (1..=100).contains(&text.len()) && text.bytes().all(plain);
    if !fits {
        item.error("is not the name of an environment that can be asked for", "use letters, digits, '-' and '_'");
    }
    fits.then(|| text.to_owned())
}

/// The name of an account on GitHub.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Login(pub(super) String);

impl FromStr for Login {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if (1..=39).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidName { kind: "login", rule: "use the name of the account on GitHub: letters, digits and '-'" })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[environments.e]
tier = "prod""#,
                2,
                "environments.e.tier: is not a known tier, so it counts as production",
                "write production",
            ),
            (
                "[environments.e]\napproval = { required = false }",
                2,
                "environments.e.approval: an environment of tier production always needs",
                "remove required",
            ),
            (
                "[environments.e]\napproval = { totp = 1 }",
                2,
                "environments.e.approval.totp: must be true or false, not an integer",
                "write true",
            ),
            (
                "[environments.e]\napproval = { github = { environment = \"a/b\", workflow = \"a.yml\", approvers = { grace = [] } } }",
                2,
                "environments.e.approval.github.environment: is not the name of an environment",
                "use letters",
            ),
            (
                "[environments.e]\napproval = { github = { environment = \"live\", workflow = \"a.sh\", approvers = { grace = [] } } }",
                2,
                "environments.e.approval.github.workflow: is not the file of a workflow",
                "write it as",
            ),
            (
                "[environments.e]\napproval = { github = { environment = \"live\", workflow = \"a.yml\", approvers = {} } }",
                2,
                "environments.e.approval.github: nobody may approve there",
                "add approvers",
            ),
            (
                "[environments.e]\napproval = { totp = true }",
                1,
                "an environment wants a one-time password",
                "add [[approvers]]",
            ),
            (
                "[environments.e]\napproval = { same_user = \"totp\" }",
                1,
                "an environment wants a one-time password",
                "add [[approvers]]",
            ),
            (
                "[environments.e]\napproval = { same_user = true }",
                2,
                "environments.e.approval.same_user: must be a text",
                "put it into double quotes",
            ),
            (
                "[environments.e]\napproval = { valid_for_s = 1 }",
                2,
                "environments.e.approval.valid_for_s: must be from 60 to 14400",
                "use a number",
            ),
            (
                "[environments.e]\ntier = \"staging\"\napproval = { wait_s = 60 }",
                3,
                "environments.e.approval.wait_s: is given, but no approval is needed",
                "add required",
            ),
            (
                "[environments.e]\napproval = { valid_for_s = 60, wait_s = 60 }",
                2,
                "environments.e.approval.wait_s: is not shorter than an approval counts",
                "give a shorter",
            ),
            (
                "[environments.e.approval]\nwait_s = 60\ngithub = { environment = \"live\", workflow = \"a.yml\", approvers = { grace = [] } }",
                2,
                "environments.e.approval.wait_s: is given, but GitHub does not tell",
                "remove github",
            ),
            (
                "[environments.e]\napproval = { valid_for_s = 3600, wait_s = 900 }",
                1,
                "environments.e: plans do not live longer than they wait after an approval",
                "give a shorter",
            ),
            (
                "[environments.e]\nmonitoring_watch_s = 60",
                2,
                "environments.e.monitoring_watch_s: is given without monitoring",
                "add monitoring",
            ),
            ("[environments.e]\nwindow = []", 2, "unknown key window in environments.e", "did you mean windows?"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn without_a_known_tier_an_environment_is_production_and_wants_an_approval() {
        use crate::{config::testing::parse, domain::effect::Tier};
        let config = parse("[environments.a]\n[environments.b]\ntier = \"prod\"\n").unwrap();
        for environment in config.inventory.environments.values() {
            assert_eq!((environment.tier, environment.approval.required), (Tier::Production, true));
        }
    }
}
