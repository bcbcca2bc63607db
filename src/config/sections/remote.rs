//! `remote` of `[services.<name>]`

use url::Url;

use super::api_url;
use crate::{
    config::{defaults, names::Names, raw::Item},
    domain::inventory::Remote,
};

const EXAMPLE: &str = "https://github.com/owner/name.git";

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<Remote> {
    let section = item.section(&["url", "token", "timeout_s"])?;
    let url = section.required("url").and_then(|item| url(&item));
    let token = section.optional("token");
    let token = token.map_or(Some(None), |item| item.reference("entry of [secrets]", &names.secrets).map(Some));
    let timeout_s = section.number("timeout_s", defaults::REMOTE_TIMEOUT_S);
    Some(Remote { url: url?, token: token?, timeout_s })
}

fn url(item: &Item<'_>) -> Option<Url> {
    let text = item.text()?;
    if !text.starts_with("file:") {
        return api_url::read(item, EXAMPLE);
    }
    let url = text.parse::<Url>().ok().filter(|url| url.host_str().is_none() && url.to_file_path().is_ok());
    if url.is_none() {
        item.error("is not the URL of a directory here", "write it as file:///srv/git/name.git");
    }
    url
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("{ url = \"git@example.org:shop.git\" }", "url: is not a URL", "write it as"),
            ("{ url = \"http://example.org/shop.git\" }", "url: must be https", "write it as"),
            ("{ url = \"https://ada:word@example.org/shop.git\" }", "url: the URL holds credentials", "remove user"),
            ("{ url = \"file://example.org/shop.git\" }", "url: is not the URL of a directory here", "write it as"),
            (
                "{ url = \"https://example.org/shop.git\", token = \"TOKEN\" }",
                "token: there is no entry of [secrets] of this name",
                "declare it",
            ),
            (
                "{ url = \"https://example.org/shop.git\", timeout_s = 0 }",
                "timeout_s: must be from 1 to 600",
                "use a number",
            ),
        ];
        for (remote, message, fix) in cases {
            let service = format!(
                "[services.shop]\nrepository = \"/srv/shop\"\nremote = {remote}\ndeploy = {{ kind = \"release\", artifact = \"public\" }}\n\
                 targets.production = {{ host = \"web\", root = \"shop\" }}"
            );
            check_with_inventory(&service, 3, &format!("services.shop.remote.{message}"), fix);
        }
    }
}
