//! `[browser]`

use std::collections::BTreeMap;

use crate::{
    config::{
        defaults,
        raw::{Bounds, Item, Section, is_host_or_address},
    },
    domain::{
        inventory::{Browser, Viewport},
        name::ViewportName,
    },
};

const KEYS: &[&str] = &["chromium", "timeout_s", "hosts", "viewports"];
const VIEWPORT_KEYS: &[&str] = &["width", "height", "mobile"];

/// The browser; without the section, as it is by default.
pub(super) fn read(item: Option<&Item<'_>>) -> Browser {
    let section = item.and_then(|item| item.section(KEYS));
    let section = section.as_ref();
    let own = section.and_then(|section| section.optional("viewports")).map(|item| viewports(&item));
    Browser {
        chromium: section.and_then(|section| section.optional("chromium")?.local_path()),
        timeout_s: section
            .map_or(defaults::PAGE_TIMEOUT_S.default, |section| section.number("timeout_s", defaults::PAGE_TIMEOUT_S)),
        hosts: section.map(|section| section.list("hosts").iter().filter_map(host).collect()).unwrap_or_default(),
        viewports: defaults::VIEWPORTS
            .iter()
            .filter_map(|(name, viewport)| Some((name.parse().ok()?, *viewport)))
            .chain(own.into_iter().flatten())
            .collect(),
    }
}

/// A host that pages load parts from: the name alone.
fn host(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if !is_host_or_address(text) || text.contains(':') {
        item.error("is not a host name", "write only the name, for example cdn.example.org");
        return None;
    }
    Some(text.to_ascii_lowercase())
}

fn viewports(item: &Item<'_>) -> BTreeMap<ViewportName, Viewport> {
    let entries = item.entries::<ViewportName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, viewport(&item.section(VIEWPORT_KEYS)?)?))).collect()
}

fn viewport(section: &Section<'_>) -> Option<Viewport> {
    let side = |key, bounds: Bounds| section.required(key).and_then(|item| item.number(bounds));
    let (width, height) = (side("width", defaults::VIEWPORT_SIDE), side("height", defaults::VIEWPORT_SIDE));
    Some(Viewport { width: width?, height: height?, mobile: section.boolean("mobile", false) })
}

#[cfg(test)]
mod tests {
    use crate::config::testing::{check, parse};

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                "[browser]\nchromum = \"/usr/bin/chromium\"",
                2,
                "unknown key chromum in browser",
                "did you mean chromium?",
            ),
            ("[browser]\ntimeout_s = 60", 2, "browser.timeout_s: must be from 1 to 35", "use a number"),
            ("[browser]\nhosts = [\"https://cdn.example.org\"]", 2, "browser.hosts: is not a host name", "write only"),
            ("[browser.viewports.wide]\nwidth = 1920", 1, "browser.viewports.wide: height is missing", "add height"),
            (
                "[browser.viewports.wide]\nwidth = 1920\nheight = 9",
                3,
                "browser.viewports.wide.height: must be from 100 to 4000",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn there_are_three_viewports_without_being_told_and_each_can_be_another() {
        let names = |text: &str| {
            let viewports = parse(text).unwrap().inventory.browser.viewports.into_iter();
            viewports.map(|(name, viewport)| (name.to_string(), viewport.width)).collect::<Vec<_>>()
        };
        let wanted = |desktop| [("desktop", desktop), ("phone", 390), ("tablet", 820)].map(|(n, w)| (n.to_owned(), w));
        assert_eq!(names(""), wanted(1280));
        assert_eq!(names("[browser.viewports.desktop]\nwidth = 1920\nheight = 1080"), wanted(1920));
    }
}
