//! `[roots]`: `<name> = "<directory>"`, or `<name> = { host = "<host>", path = "<directory>" }`

use std::collections::BTreeMap;

use crate::{
    config::{names::Names, raw::Item},
    domain::{inventory::Root, name::RootName},
};

const KEYS: &[&str] = &["host", "path"];

pub(super) fn read(roots: &Item<'_>, names: &Names) -> BTreeMap<RootName, Root> {
    let entries = roots.entries::<RootName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, root(&item, names)?))).collect()
}

fn root(item: &Item<'_>, names: &Names) -> Option<Root> {
    let root = if item.is_table() {
        let section = item.section(KEYS)?;
        let host = section.required("host").and_then(|item| item.reference("host", &names.hosts));
        let path = section.required("path").and_then(|item| item.absolute_path());
        Root { host: Some(host?), path: path? }
    } else {
        Root::here(item.local_path()?)
    };
    if root.path.parent().is_none() {
        item.error("would make the whole machine readable", "name the directory that is meant, for example /var/log");
        return None;
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[roots]
all = "/""#,
                2,
                "roots.all: would make the whole machine readable",
                "name the directory",
            ),
            (
                r#"[roots]
logs = { host = "wbe", path = "/srv/logs" }
[hosts.web]
kind = "local"
root = "/srv""#,
                2,
                "roots.logs.host: there is no host of this name",
                "did you mean web",
            ),
            (
                r#"[roots]
logs = { host = "web", path = "logs" }
[hosts.web]
kind = "local"
root = "/srv""#,
                2,
                "roots.logs.path: must be an absolute path",
                "begin",
            ),
            (
                r#"[roots]
logs = { host = "web", path = "/" }
[hosts.web]
kind = "local"
root = "/srv""#,
                2,
                "roots.logs: would make the whole machine readable",
                "name the directory",
            ),
            (
                r#"[roots]
logs = { path = "/srv/logs" }"#,
                2,
                "roots.logs: host is missing",
                "add host",
            ),
            ("[roots]\nlogs = 3", 2, "roots.logs: must be a text, not an integer", "put it into double quotes"),
            (r#"roots = "/var/log""#, 1, "roots: must be a table, not a text", "write it as"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
