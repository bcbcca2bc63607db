//! A new tag is named as the policy says.

use super::super::{Case, Settings};
use crate::domain::{
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let (Purpose::Tag, Some(revision)) = (plan.body().purpose, &plan.body().revision) else { return Ok(()) };
    let pattern = &case.settings.tag_pattern;
    if Settings::tag_regex(pattern).is_some_and(|regex| regex.is_match(revision.version.as_str())) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::TagRefused,
        format!("The policy wants tags to be named like {pattern}."),
        "Choose such a name, and call create_tag with mode=dry_run.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_has_to_fit() {
        let fits = |name: &str| Settings::tag_regex(&Settings::default().tag_pattern).unwrap().is_match(name);
        for name in ["v2025.01.15", "v2025.01.15.2"] {
            assert!(fits(name), "{name}");
        }
        for name in
            ["2025.01.15", "v2025.1.15", "v2025.01.15-rc1", "xv2025.01.15", "v2025.01.15.", "release/v2025.01.15"]
        {
            assert!(!fits(name), "{name}");
        }
        assert!(Settings::tag_regex(r"v\d+").unwrap().is_match("v12") && Settings::tag_regex("(").is_none());
    }
}
