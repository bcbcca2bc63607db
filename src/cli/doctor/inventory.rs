//! The inventory: what is allowed, but weak.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    config::Config,
    domain::{
        effect::Tier,
        inventory::{Deploy, Inventory, Service},
    },
    redact::WeakSecret,
};

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let inventory = &config.inventory;
    let mut findings = vec![Finding::good(
        "inventory",
        format!("{} services, {} databases", inventory.services.len(), inventory.databases.len()),
    )];
    findings.extend(inventory.services.values().flat_map(|service| of_service(inventory, service)));
    findings.extend(approvals(config));
    findings
}

/// Every secret by its name; never its value.
pub(super) fn check_secrets(config: &Config, unread: &[String], weak: &[WeakSecret]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = config
        .inventory
        .secrets
        .iter()
        .filter(|(name, _)| !unread.iter().any(|one| one == name.as_str()))
        .map(|(name, reference)| Finding::good(format!("secret {name}"), format!("exists ({})", reference.source())))
        .collect();
    let missing = |name: &String| {
        Finding::wrong(
            format!("secret {name}"),
            "cannot be read",
            "set it where the configuration says that it is, readable for this account",
        )
    };
    findings.extend(unread.iter().map(missing));
    findings.extend(
        weak.iter().map(|one| Finding::weak(format!("secret {}", one.name), one.weakness.to_string(), "change it")),
    );
    findings
}

fn of_service(inventory: &Inventory, service: &Service) -> Vec<Finding> {
    let mut findings = Vec::new();
    let what = format!("service {}", service.name);
    let tier = |name| inventory.environments.get(name).map_or(Tier::Production, |environment| environment.tier);
    let production = service.targets.keys().any(|name| tier(name) == Tier::Production);
    if service.smoke.is_empty() && service.targets.values().any(|target| target.url.is_none()) {
        findings.push(Finding::weak(
            &what,
            "nothing is checked after a deployment",
            "give its target a url, or add smoke checks",
        ));
    }
    if production && !service.e2e.is_empty() && !service.e2e.iter().any(|suite| suite.after_deploy) {
        findings.push(Finding::weak(
            &what,
            "no end-to-end tests decide about its deployments",
            "set after_deploy = true in the suite that tests what users need most",
        ));
    }
    let directories = service.e2e.iter().filter_map(|suite| Some((suite, suite.directory.as_ref()?)));
    findings.extend(directories.filter(|(_, directory)| !directory.is_dir()).map(|(suite, directory)| {
        let found = format!("the directory {} of suite {} does not exist", directory.display(), suite.name);
        Finding::wrong(&what, found, "make the tests ready there, or correct directory")
    }));
    if production && service.gates.is_empty() {
        findings.push(Finding::weak(&what, "no quality gate guards production", "name gates"));
    }
    if let Deploy::Script(script) = &service.deploy {
        if script.dry_run_argument.is_none() {
            findings.push(Finding::weak(
                &what,
                "its script has no dry run, so it cannot be deployed",
                "teach it one, and set dry_run_argument",
            ));
        }
        if script.rollback.is_none() {
            findings.push(Finding::weak(
                &what,
                "there is no rollback script, so production plans are refused",
                "add rollback",
            ));
        }
    }
    if !service.repository.exists() {
        let found = format!("its repository {} does not exist", service.repository.display());
        findings.push(Finding::wrong(&what, found, "clone it there, or correct repository"));
    }
    findings
}

fn approvals(config: &Config) -> Vec<Finding> {
    let environments = config.inventory.environments.values();
    let same_user: BTreeSet<&str> = environments
        .filter(|environment| environment.approval.same_user_with_totp)
        .map(|environment| environment.name.as_str())
        .collect();
    same_user
        .into_iter()
        .map(|name| {
            Finding::weak(
                format!("approvals in {name}"),
                "a one-time password lets the requester's own account approve; a client with a shell may read its key",
                "run the server under an account of its own, and remove same_user",
            )
        })
        .collect()
}
