//! `[search]`

use super::api_url;
use crate::{
    config::{defaults, names::Names, raw::Item},
    domain::inventory::SearchAccess,
};

const KEYS: &[&str] = &["api", "token"];

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<SearchAccess> {
    let section = item.section(KEYS)?;
    let api = match section.optional("api") {
        Some(item) => api_url::read(&item, defaults::SEARCH_API),
        None => url::Url::parse(defaults::SEARCH_API).ok(),
    };
    let token = section.required("token").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    Some(SearchAccess { api: api?, token: token? })
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[search]", 1, "search: token is missing", "add token"),
            (
                "[search]\ntoken = \"CRM_DB_PASSWORT\"",
                2,
                "search.token: there is no entry of [secrets]",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                "[search]\ntoken = \"CRM_DB_PASSWORD\"\napi = \"http://search.example.org/\"",
                3,
                "search.api: must be https",
                "write it as https://",
            ),
            (
                "[search]\ntoken = \"CRM_DB_PASSWORD\"\nurl = \"x\"",
                3,
                "unknown key in search",
                "Known keys: api, token",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
