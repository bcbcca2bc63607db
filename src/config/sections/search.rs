//! `[search]`

use super::api_url;
use crate::{
    config::{defaults, names::Names, raw::Item},
    domain::inventory::SearchAccess,
};

const KEYS: &[&str] = &["api", "token", "results", "language", "country"];

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<SearchAccess> {
    let section = item.section(KEYS)?;
    let api = match section.optional("api") {
        Some(item) => api_url::read(&item, defaults::SEARCH_API),
        None => url::Url::parse(defaults::SEARCH_API).ok(),
    };
    let token = section.required("token").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    let results = section.number("results", defaults::SEARCH_RESULTS);
    let language = section.optional("language").and_then(|item| language(&item));
    let country = section.optional("country").and_then(|item| country(&item));
    Some(SearchAccess { api: api?, token: token?, results, language, country })
}

/// `de`, `pt-br`, `zh-hans`.
fn language(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let letters =
        |part: &str, most: usize| (2..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let ok = match text.split_once('-') {
        Some((language, variant)) => letters(language, 2) && letters(variant, 4),
        None => letters(text, 2),
    };
    if !ok {
        item.error("is not a language", "write it as de, en or pt-br, or leave it out for any");
    }
    ok.then(|| text.to_owned())
}

/// `AT`.
fn country(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    if !ok {
        item.error("is not a country", "write it as AT, DE or US, or leave it out for any");
    }
    ok.then(|| text.to_owned())
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
            (
                "[search]\ntoken = \"CRM_DB_PASSWORD\"\nresults = 21",
                3,
                "search.results: must be from 1 to 20",
                "use a number",
            ),
            (
                "[search]\ntoken = \"CRM_DB_PASSWORD\"\nlanguage = \"German\"",
                3,
                "search.language: is not a language",
                "write it as de",
            ),
            (
                "[search]\ntoken = \"CRM_DB_PASSWORD\"\ncountry = \"Austria\"",
                3,
                "search.country: is not a country",
                "write it as AT",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
