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
