//! `[github]`

use super::api_url;
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::inventory::{GitHubAccess, GitHubCredential, TagSigner},
};

const KEYS: &[&str] = &["api", "token", "app", "issue_label", "rotate_after_days", "tell", "tell_every_s", "sign_tags"];

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<GitHubAccess> {
    let section = item.section(KEYS)?;
    let api = match section.optional("api") {
        Some(item) => api_url::read(&item, "https://github.example.org/api/v3")?,
        None => url::Url::parse(defaults::GITHUB_API).ok()?,
    };
    let issue_label = section.optional("issue_label").and_then(|item| issue_label(&item));
    let issue_label = issue_label.unwrap_or_else(|| defaults::GITHUB_ISSUE_LABEL.to_owned());
    let rotate_after_days =
        section.optional("rotate_after_days").and_then(|item| item.number(defaults::ROTATE_AFTER_DAYS));
    let credential = credential(&section, names)?;
    let environment = |item: &Item<'_>| item.reference("entry of [environments]", &names.environments);
    let tell = section.list("tell").iter().filter_map(environment).collect();
    let tell_every_s = section.number("tell_every_s", defaults::TELL_EVERY_S);
    let sign_tags = section.optional("sign_tags").and_then(|item| tag_signer(&item, names));
    Some(GitHubAccess { api, credential, rotate_after_days, issue_label, tell, tell_every_s, sign_tags })
}

fn tag_signer(item: &Item<'_>, names: &Names) -> Option<TagSigner> {
    let section = item.section(&["key", "passphrase", "name", "email"])?;
    let secret = |item: Item<'_>| item.reference("entry of [secrets]", &names.secrets);
    let key = section.required("key").and_then(secret);
    let passphrase = section.optional("passphrase").map_or(Some(None), |item| secret(item).map(Some));
    let name = section.required("name").and_then(|item| of_a_tagger(&item));
    let email = section.required("email").and_then(|item| of_a_tagger(&item));
    Some(TagSigner { key: key?, passphrase: passphrase?, name: name?, email: email? })
}

/// What stands in the line of the tagger as it is: git takes away what it does not like at the ends, and the signature is of what is left.
fn of_a_tagger(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let inside = |c: char| !matches!(c, '<' | '>');
    let at_the_ends = |c: char| c.is_alphanumeric();
    let fits =
        text.len() <= 100 && text.chars().all(inside) && text.starts_with(at_the_ends) && text.ends_with(at_the_ends);
    if !fits {
        item.error(
            "cannot stand in a tag",
            "use at most 100 bytes without < and >, with letters or digits at both ends",
        );
    }
    fits.then(|| text.to_owned())
}

fn issue_label(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let fits = GitHubAccess::is_label(text);
    if !fits {
        item.error("is not the name of a label", "use 1 to 50 characters without commas");
    }
    fits.then(|| text.to_owned())
}

fn credential(section: &Section<'_>, names: &Names) -> Option<GitHubCredential> {
    match (section.optional("token"), section.optional("app")) {
        (Some(token), None) => Some(GitHubCredential::Token(token.reference("entry of [secrets]", &names.secrets)?)),
        (None, Some(app)) => {
            let app = app.section(&["id", "installation", "key"])?;
            let id = app.required("id")?.number(defaults::GITHUB_ID);
            let installation = app.required("installation")?.number(defaults::GITHUB_ID);
            let key = app.required("key")?.reference("entry of [secrets]", &names.secrets);
            Some(GitHubCredential::App { id: id?, installation: installation?, key: key? })
        }
        (Some(_), Some(app)) => {
            app.error("both token and app are given", "keep one of them");
            None
        }
        (None, None) => {
            section.item().error(
                "neither token nor app is given",
                "add token = \"NAME\" of [secrets], or app = { id, installation, key }",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[github]", 1, "github: neither token nor app is given", "add token"),
            (
                "[github]\ntoken = \"CRM_DB_PASWORD\"",
                2,
                "github.token: there is no entry of [secrets] of this name",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\napi = \"http://github.example.org/api/v3\"",
                3,
                "github.api: must be https",
                "write it as",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\napp = { id = 1, installation = 2, key = \"CRM_DB_PASSWORD\" }",
                3,
                "github.app: both token and app are given",
                "keep one",
            ),
            (
                "[github]\napp = { id = 1, installation = 0, key = \"CRM_DB_PASSWORD\" }",
                2,
                "github.app.installation: must be from 1",
                "use a number",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\nissue_label = \"a,b\"",
                3,
                "github.issue_label: is not the name of a label",
                "use 1 to 50",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\ntell = [\"producton\"]",
                3,
                "github.tell: there is no entry of [environments] of this name",
                "did you mean production?",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\ntell_every_s = 0",
                3,
                "github.tell_every_s: must be from 1 to 3600",
                "use a number",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\nsign_tags = { key = \"CRM_DB_PASSWORD\", name = \"a <b>\", email = \"a@example.org\" }",
                3,
                "github.sign_tags.name: cannot stand in a tag",
                "use at most",
            ),
            (
                "[github]\ntoken = \"CRM_DB_PASSWORD\"\nsign_tags = { key = \"TAG_KEY\", name = \"a\", email = \"a@example.org\" }",
                3,
                "github.sign_tags.key: there is no entry of [secrets]",
                "declare it",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
