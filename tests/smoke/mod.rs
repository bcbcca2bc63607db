//! Smoke checks of sites with planted faults, through the MCP door.

mod certificates;
mod many;
mod names;
mod pages;

use serde_json::Value;

use crate::support::mcp::{Answer, House};

/// What the configuration says of a service with these keys of its target, and these checks.
pub(crate) fn service(house: &House, name: &str, target: &str, checks: &[(&str, &str)]) -> String {
    let repository = house.path("repository").display().to_string();
    let check = |(check, keys): &(&str, &str)| format!("[[services.{name}.smoke]]\nname = \"{check}\"\n{keys}\n");
    format!(
        "[services.{name}]\nrepository = \"{repository}\"\n[services.{name}.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
         [services.{name}.targets.production]\nhost = \"here\"\nroot = \"{name}\"\n{target}\n{}",
        checks.iter().map(check).collect::<String>()
    )
}

/// What was found by a check of a service.
fn check<'a>(answer: &'a Answer, service: &str, check: &str) -> &'a Value {
    let services = answer.structured["services"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    let service = services.iter().find(|one| one["service"] == service).unwrap_or_else(|| panic!("{}", answer.text));
    let details = service["details"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    details.iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("{check}: {}", answer.text))
}

/// Each check came out so, with a sentence that begins so.
#[track_caller]
fn assert_found(answer: &Answer, service: &str, wanted: &[(&str, &str, &str)]) {
    for (name, outcome, found) in wanted {
        let seen = check(answer, service, name);
        assert_eq!(seen["outcome"], *outcome, "{name}: {}", answer.text);
        assert!(seen["found"].as_str().unwrap().starts_with(found), "{name}: wanted {found:?}: {}", answer.text);
    }
}
