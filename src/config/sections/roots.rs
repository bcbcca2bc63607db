//! `[roots]`: `<name> = "<directory>"`

use std::{collections::BTreeMap, path::PathBuf};

use crate::{config::raw::Item, domain::name::RootName};

pub(super) fn read(roots: &Item<'_>) -> BTreeMap<RootName, PathBuf> {
    let entries = roots.entries::<RootName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, root(&item)?))).collect()
}

fn root(item: &Item<'_>) -> Option<PathBuf> {
    let path = item.local_path()?;
    if path.parent().is_none() {
        item.error("would make the whole machine readable", "name the directory that is meant, for example /var/log");
        return None;
    }
    Some(path)
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
            ("[roots]\nlogs = 3", 2, "roots.logs: must be a text, not an integer", "put it into double quotes"),
            (r#"roots = "/var/log""#, 1, "roots: must be a table, not a text", "write it as"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
