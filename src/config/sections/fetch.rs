//! `fetch` of `[services.<name>.deploy]`: an artifact that GitHub keeps.

use crate::{
    config::raw::{Item, Section},
    domain::inventory::{Fetch, RelativePath},
};

const RELEASE_KEYS: &[&str] = &["from", "asset", "checksums"];
const WORKFLOW_KEYS: &[&str] = &["from", "workflow", "name"];

#[derive(Clone, Copy)]
enum From {
    Release,
    Workflow,
}

/// What is released, and where it is fetched from, when it is not built here.
pub(super) fn source(section: &Section<'_>) -> Option<(Option<RelativePath>, Option<Fetch>)> {
    let Some(item) = section.optional("fetch") else {
        return Some((Some(section.required("artifact")?.relative_path()?), None));
    };
    if section.optional("build").is_some() {
        item.error("both build and fetch are given", "keep one of them");
    }
    let artifact = match section.optional("artifact") {
        Some(artifact) => Some(artifact.relative_path()?),
        None => None,
    };
    Some((artifact, Some(read(&item)?)))
}

fn read(item: &Item<'_>) -> Option<Fetch> {
    match item.member("from")?.choice(&[("release", From::Release), ("workflow", From::Workflow)])? {
        From::Release => release(&item.section(RELEASE_KEYS)?),
        From::Workflow => workflow(&item.section(WORKFLOW_KEYS)?),
    }
}

fn release(section: &Section<'_>) -> Option<Fetch> {
    let asset = section.required("asset").and_then(|item| name(&item));
    let checksums = match section.optional("checksums") {
        Some(item) => Some(name(&item)?),
        None => None,
    };
    Some(Fetch::Release { asset: asset?, checksums })
}

fn workflow(section: &Section<'_>) -> Option<Fetch> {
    let workflow = section.required("workflow").and_then(|item| workflow_file(&item));
    let name = section.required("name").and_then(|item| name(&item));
    Some(Fetch::Workflow { workflow: workflow?, name: name? })
}

/// The name of a file, or a pattern of one.
fn name(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let fits = (1..=200).contains(&text.len()) && !text.contains(['/', '\\']) && !text.chars().any(char::is_control);
    if !fits {
        item.error("is not the name of a file", "write the name alone, without directories");
    }
    fits.then(|| text.to_owned())
}

/// The file of a workflow, with or without its directory.
pub(super) fn workflow_file(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let name = text.strip_prefix(".github/workflows/").unwrap_or(text);
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let end = name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && matches!(end, "yml" | "yaml"));
    if !plain || !end {
        item.error("is not the file of a workflow", "write it as build.yml");
        return None;
    }
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::{
        config::testing::{INVENTORY, check_with_inventory, parse},
        domain::inventory::{Deploy, Fetch, RelativePath},
    };

    fn text(github: &str, deploy: &str) -> String {
        format!(
            "[services.a]\nrepository = \"/r\"\n{github}\ntargets.production = {{ host = \"web\", root = \"a\" }}\n\
             deploy = {{ kind = \"release\", {deploy} }}\n"
        )
    }

    #[test]
    fn each_mistake_is_told() {
        let on_github = "github = \"acme/a\"";
        for (github, deploy, message, fix) in [
            (
                on_github,
                "fetch = { from = \"s3\" }",
                "services.a.deploy.fetch.from: is not one of the words",
                "write one of: release, workflow",
            ),
            (on_github, "fetch = { from = \"release\" }", "services.a.deploy.fetch: asset is missing", "add asset"),
            (
                on_github,
                "fetch = { from = \"release\", asset = \"dist/a.zip\" }",
                "services.a.deploy.fetch.asset: is not the name of a file",
                "write the name alone",
            ),
            (
                on_github,
                "fetch = { from = \"workflow\", workflow = \"build\", name = \"a\" }",
                "services.a.deploy.fetch.workflow: is not the file of a workflow",
                "write it as build.yml",
            ),
            (
                on_github,
                "build = \"make\", fetch = { from = \"release\", asset = \"a.zip\" }",
                "services.a.deploy.fetch: both build and fetch are given",
                "keep one of them",
            ),
            (
                "",
                "fetch = { from = \"release\", asset = \"a.zip\" }",
                "services.a: the artifact is fetched from GitHub, but github is missing",
                "add github",
            ),
            (on_github, "keep = 3", "services.a.deploy: artifact is missing", "add artifact"),
        ] {
            let line = if message.contains("github is missing") { 1 } else { 5 };
            check_with_inventory(&text(github, deploy), line, message, fix);
        }
    }

    #[test]
    fn what_is_fetched_may_be_released_whole_or_in_part() {
        let fetch = "fetch = { from = \"workflow\", workflow = \".github/workflows/build.yml\", name = \"site\" }";
        for (deploy, artifact) in [(fetch.to_owned(), None), (format!("artifact = \"dist\", {fetch}"), Some("dist"))] {
            let config = parse(&format!("{}{INVENTORY}", text("github = \"acme/a\"", &deploy))).unwrap();
            let service = config.inventory.services.into_values().find(|service| service.name.as_str() == "a").unwrap();
            let Deploy::Release(found) = service.deploy else { panic!() };
            assert_eq!(found.artifact.as_ref().map(RelativePath::as_str), artifact);
            let wanted = Fetch::Workflow { workflow: "build.yml".to_owned(), name: "site".to_owned() };
            assert_eq!(found.fetch, Some(wanted));
        }
    }
}
