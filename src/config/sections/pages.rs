//! `[services.<name>.pages.<page>]`

use super::{services::references, smoke};
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Mask, Page, Rectangle},
        name::PageName,
    },
};

const KEYS: &[&str] = &["path", "viewports", "full_page", "mask", "threshold_permille", "tolerance"];
const RECTANGLE_KEYS: &[&str] = &["x", "y", "width", "height"];
/// A longer selector is none, bytes.
const SELECTOR_MAX: usize = 200;

/// The pages of a service, in the order of their names; without the section its URL, when it has one.
pub(super) fn read(pages: Option<&Item<'_>>, names: &Names, by_url: bool) -> Vec<Page> {
    let Some(pages) = pages else { return by_url.then(of_url).flatten().into_iter().collect() };
    if !by_url {
        pages.error("are pages, but no target of the service has a url", "add url = \"https://…\" to the target");
    }
    let entries = pages.entries::<PageName>().into_iter();
    let mut found: Vec<Page> = entries.filter_map(|(name, item)| page(name, &item.section(KEYS)?, names)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The URL itself, called as its smoke check is.
fn of_url() -> Option<Page> {
    let (viewport, _) = defaults::VIEWPORTS.first()?;
    Some(Page {
        name: "url".parse().ok()?,
        path: String::new(),
        viewports: vec![viewport.parse().ok()?],
        full_page: false,
        masks: Vec::new(),
        threshold_permille: defaults::PAGE_THRESHOLD_PERMILLE.default,
        tolerance: u8::try_from(defaults::PAGE_TOLERANCE.default).ok()?,
    })
}

fn page(name: PageName, section: &Section<'_>, names: &Names) -> Option<Page> {
    let path = section.required("path").and_then(|item| smoke::path(&item));
    let mut viewports = references(section, "viewports", "viewport", &names.viewports);
    if viewports.is_empty() {
        viewports.extend(defaults::VIEWPORTS.first().and_then(|(name, _)| name.parse().ok()));
    }
    let tolerance = section.number("tolerance", defaults::PAGE_TOLERANCE);
    Some(Page {
        name,
        path: path?,
        viewports,
        full_page: section.boolean("full_page", false),
        masks: section.list("mask").iter().filter_map(mask).collect(),
        threshold_permille: section.number("threshold_permille", defaults::PAGE_THRESHOLD_PERMILLE),
        tolerance: u8::try_from(tolerance).unwrap_or(u8::MAX),
    })
}

/// A selector, or a rectangle.
fn mask(item: &Item<'_>) -> Option<Mask> {
    if item.is_table() {
        let section = item.section(RECTANGLE_KEYS)?;
        let pixels = |key| section.required(key).and_then(|item| item.number(defaults::PICTURE_PIXELS));
        let [x, y, width, height] = ["x", "y", "width", "height"].map(pixels);
        return Some(Mask::Rectangle(Rectangle { x: x?, y: y?, width: width?, height: height? }));
    }
    let text = item.text()?;
    if text.len() > SELECTOR_MAX || text.contains(['{', '}', '@']) {
        item.error("is not a CSS selector", "write it as \".clock\", or a rectangle as { x, y, width, height }");
        return None;
    }
    Some(Mask::Selector(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::{
        config::testing::{INVENTORY, check_with_inventory, parse},
        domain::inventory::{Mask, Rectangle},
    };

    const SERVICE: &str = r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
"#;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("pages.login = {}", 5, "services.a.pages.login: path is missing", "add path"),
            ("pages.login = { path = \"//x\" }", 5, "services.a.pages.login.path: is not a path below", "begin it"),
            (
                "pages.login = { path = \"/\", viewports = [\"fone\"] }",
                5,
                "services.a.pages.login.viewports: there is no viewport of this name",
                "did you mean phone",
            ),
            (
                "pages.login = { path = \"/\", mask = [\".a { color: red }\"] }",
                5,
                "services.a.pages.login.mask: is not a CSS selector",
                "write it",
            ),
            (
                "pages.login = { path = \"/\", mask = [{ x = 1, y = 2, width = 3 }] }",
                5,
                "services.a.pages.login.mask: height is missing",
                "add height",
            ),
            (
                "pages.login = { path = \"/\", treshold_permille = 5 }",
                5,
                "unknown key treshold_permille in services.a.pages.login",
                "did you mean threshold_permille?",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(&format!("{SERVICE}{text}"), line, message, fix);
        }
        let without_url = SERVICE.replace(", url = \"https://a.example.org\"", "");
        let text = format!("{without_url}pages.login = {{ path = \"/\" }}");
        check_with_inventory(&text, 5, "services.a.pages: are pages, but no target", "add url");
    }

    #[test]
    fn a_page_is_seen_on_a_desktop_unless_it_says_otherwise() {
        let text = "pages.b = { path = \"/b\", mask = [\".clock\", { x = 1, y = 2, width = 3, height = 4 }] }\n\
                    pages.a = { path = \"/\", viewports = [\"phone\", \"tablet\"] }\n";
        let mut config = parse(&format!("{SERVICE}{text}{INVENTORY}")).unwrap();
        let pages = config.inventory.services.remove(&"a".parse().unwrap()).unwrap().pages;
        let seen: Vec<_> = pages.iter().map(|page| (page.name.as_str(), page.viewports.len())).collect();
        assert_eq!(seen, [("a", 2), ("b", 1)]);
        assert_eq!(pages[1].viewports[0].as_str(), "desktop");
        let rectangle = Mask::Rectangle(Rectangle { x: 1, y: 2, width: 3, height: 4 });
        assert_eq!(pages[1].masks, [Mask::Selector(".clock".to_owned()), rectangle]);
    }
}
