//! A database beside the migrations of a commit.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use super::MigrationFile;
use crate::{
    domain::{inventory::MigrationTool, migration::version_order},
    world::database::Migrations,
};

/// How a database stands to the migrations of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether the commit holds any migration for this database.
    pub known: bool,
    /// What would be applied, in order.
    pub pending: Vec<MigrationFile>,
    /// Applied ones whose files were changed afterwards, by path.
    pub edited: Vec<String>,
    /// Applied ones that the commit does not hold: the database is ahead of it.
    pub missing: Vec<String>,
    /// The heads among the files, when they are several: Alembic refuses to upgrade to "the" head then.
    pub heads: Vec<String>,
}

impl Standing {
    /// Compares what is applied with the files of a commit.
    pub fn of(tool: MigrationTool, applied: &Migrations, files: Vec<MigrationFile>) -> Self {
        let files = own(applied, files);
        let ids: BTreeSet<&str> = applied.applied.iter().map(|migration| migration.id.as_str()).collect();
        let done = done(tool, applied, &files, &ids);
        let edited = edited(tool, applied, &files);
        let missing = missing(tool, applied, &files);
        let heads = if tool == MigrationTool::Alembic { heads(&files) } else { Vec::new() };
        let known = !files.is_empty();
        let mut pending: Vec<MigrationFile> = files.iter().filter(|f| !done.contains(&f.id)).cloned().collect();
        pending.sort_by(|a, b| order(tool, a, b));
        Self { known, pending: dependants_last(pending), edited, missing, heads }
    }

    /// How many migrations were applied between two states, when the files tell it: Alembic's table holds heads alone.
    pub fn applied_between(before: &[String], after: &Migrations, files: Vec<MigrationFile>) -> u64 {
        let files = own(after, files);
        let heads: BTreeSet<&str> = after.applied.iter().map(|migration| migration.id.as_str()).collect();
        let earlier: BTreeSet<&str> = before.iter().map(String::as_str).collect();
        let (then, now) = (ancestors(&files, &earlier), ancestors(&files, &heads));
        now.difference(&then).count() as u64
    }
}

/// The files of this database: where a repository holds those of several, the ones of which something is applied here.
fn own(applied: &Migrations, files: Vec<MigrationFile>) -> Vec<MigrationFile> {
    let ids: BTreeSet<&str> = applied.applied.iter().map(|migration| migration.id.as_str()).collect();
    let known = |file: &MigrationFile| ids.contains(file.id.as_str()) || applied.unfinished.contains(&file.id);
    let mine: BTreeSet<String> = files.iter().filter(|file| known(file)).map(|file| file.root.clone()).collect();
    if mine.is_empty() { files } else { files.into_iter().filter(|file| mine.contains(&file.root)).collect() }
}

/// The ids of the files that need not be applied.
fn done(tool: MigrationTool, applied: &Migrations, files: &[MigrationFile], ids: &BTreeSet<&str>) -> BTreeSet<String> {
    if tool == MigrationTool::Alembic {
        return ancestors(files, ids);
    }
    let replaced: BTreeSet<&str> = files
        .iter()
        .filter(|file| ids.contains(file.id.as_str()))
        .flat_map(|file| file.replaces.iter().map(String::as_str))
        .collect();
    let is_done = |file: &MigrationFile| {
        let id = file.id.as_str();
        let row = applied.applied.iter().find(|migration| same(tool, &migration.id, id));
        match tool {
            // It runs again whenever it changes.
            MigrationTool::Flyway if file.repeatable => row.is_some_and(|row| row.checksum == file.checksum),
            MigrationTool::Flyway => {
                let below = applied.baseline.as_deref().is_some_and(|base| version_order(id, base).is_le());
                row.is_some() || below
            }
            MigrationTool::Drush => drupal_done(applied, id),
            _ => {
                let squashed = !file.replaces.is_empty() && file.replaces.iter().all(|id| ids.contains(id.as_str()));
                row.is_some() || squashed || replaced.contains(id)
            }
        }
    };
    files.iter().filter(|file| is_done(file)).map(|file| file.id.clone()).collect()
}

/// A module's schema counts as a whole. What is not installed has no update to run, and a module that is installed anew begins at
/// its newest.
fn drupal_done(applied: &Migrations, id: &str) -> bool {
    let schema_of = |module: &str| {
        let found = applied.applied.iter().filter_map(|m| m.id.split_once('=')).find(|(name, _)| *name == module);
        found.and_then(|(_, version)| version.parse::<i64>().ok())
    };
    if let Some((module, number)) = id.split_once('=') {
        return schema_of(module).is_none_or(|schema| number.parse::<i64>().is_ok_and(|number| number <= schema));
    }
    let module = id.split_once("_post_update_").or_else(|| id.split_once("_deploy_"));
    let installed = module.is_some_and(|(module, _)| schema_of(module).is_some());
    !installed || applied.applied.iter().any(|migration| migration.id == id)
}

/// The given revisions and all that come before them.
fn ancestors(files: &[MigrationFile], heads: &BTreeSet<&str>) -> BTreeSet<String> {
    let parents: BTreeMap<&str, &[String]> =
        files.iter().map(|file| (file.id.as_str(), file.parents.as_slice())).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = heads.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(before) = parents.get(id) else { continue };
        if found.insert(id.to_owned()) {
            open.extend(before.iter().map(String::as_str));
        }
    }
    found
}

/// What no other file comes after; empty unless there are several.
fn heads(files: &[MigrationFile]) -> Vec<String> {
    let parents: BTreeSet<&str> = files.iter().flat_map(|file| file.parents.iter().map(String::as_str)).collect();
    let heads: Vec<String> =
        files.iter().filter(|file| !parents.contains(file.id.as_str())).map(|file| file.id.clone()).collect();
    if heads.len() > 1 { heads } else { Vec::new() }
}

fn edited(tool: MigrationTool, applied: &Migrations, files: &[MigrationFile]) -> Vec<String> {
    let changed = |file: &&MigrationFile| {
        let row = applied.applied.iter().find(|migration| same(tool, &migration.id, &file.id));
        let sums = row.and_then(|row| row.checksum.as_ref()).zip(file.checksum.as_ref());
        !file.repeatable && sums.is_some_and(|(then, now)| then != now)
    };
    files.iter().filter(changed).map(|file| file.path.clone()).collect()
}

/// Only for tools whose migrations all lie in the repository: those of Django, Laravel and Drupal come from packages as well.
fn missing(tool: MigrationTool, applied: &Migrations, files: &[MigrationFile]) -> Vec<String> {
    if files.is_empty() || matches!(tool, MigrationTool::Django | MigrationTool::Laravel | MigrationTool::Drush) {
        return Vec::new();
    }
    let there = |id: &str| files.iter().any(|file| same(tool, &file.id, id));
    let below = |id: &str| applied.baseline.as_deref().is_some_and(|base| tool == MigrationTool::Flyway && id == base);
    let ids = applied.applied.iter().map(|migration| migration.id.as_str());
    ids.filter(|id| !there(id) && !below(id)).map(str::to_owned).collect()
}

fn same(tool: MigrationTool, a: &str, b: &str) -> bool {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    a == b || (tool == MigrationTool::Flyway && number(a) && number(b) && version_order(a, b).is_eq())
}

fn order(tool: MigrationTool, a: &MigrationFile, b: &MigrationFile) -> Ordering {
    match tool {
        // Repeatable ones come last.
        MigrationTool::Flyway => a.repeatable.cmp(&b.repeatable).then_with(|| version_order(&a.id, &b.id)),
        MigrationTool::Rails | MigrationTool::Sqlx => version_order(&a.id, &b.id),
        _ => a.id.cmp(&b.id),
    }
}

/// The same in an order in which each comes after its parents. A circle keeps the order it had.
fn dependants_last(mut open: Vec<MigrationFile>) -> Vec<MigrationFile> {
    if open.iter().all(|file| file.parents.is_empty()) {
        return open;
    }
    let mut ordered = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let waiting: BTreeSet<String> = open.iter().map(|file| file.id.clone()).collect();
        let ready = open.iter().position(|file| !file.parents.iter().any(|parent| waiting.contains(parent)));
        ordered.push(open.remove(ready.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::database::AppliedMigration;

    fn file(id: &str, parents: &[&str]) -> MigrationFile {
        MigrationFile {
            id: id.to_owned(),
            path: format!("m/{id}"),
            parents: parents.iter().map(|p| (*p).to_owned()).collect(),
            ..MigrationFile::default()
        }
    }

    fn applied(ids: &[&str]) -> Migrations {
        let one = |id: &&str| AppliedMigration { id: (*id).to_owned(), applied_at: None, checksum: None };
        Migrations { applied: ids.iter().map(one).collect(), ..Migrations::default() }
    }

    fn pending(tool: MigrationTool, ids: &[&str], files: Vec<MigrationFile>) -> Vec<String> {
        Standing::of(tool, &applied(ids), files).pending.into_iter().map(|file| file.id).collect()
    }

    #[test]
    fn alembic_follows_branches_and_merges() {
        let files =
            || vec![file("m", &["b", "c"]), file("a", &[]), file("c", &["a"]), file("b", &["a"]), file("d", &["m"])];
        assert_eq!(pending(MigrationTool::Alembic, &[], files()), ["a", "b", "c", "m", "d"]);
        assert_eq!(pending(MigrationTool::Alembic, &["b"], files()), ["c", "m", "d"]);
        assert_eq!(pending(MigrationTool::Alembic, &["b", "c"], files()), ["m", "d"]);
        assert_eq!(pending(MigrationTool::Alembic, &["d"], files()), Vec::<String>::new());
        let ahead = Standing::of(MigrationTool::Alembic, &applied(&["zz"]), files());
        assert_eq!(ahead.missing, ["zz"]);
        let two = Standing::of(
            MigrationTool::Alembic,
            &applied(&["a"]),
            vec![file("a", &[]), file("b", &["a"]), file("c", &["a"])],
        );
        assert_eq!(two.heads, ["b", "c"]);
        assert_eq!(Standing::applied_between(&["a".to_owned()], &applied(&["d"]), files()), 4);
    }

    #[test]
    fn a_repository_with_several_databases() {
        let root = |id: &str, root: &str| MigrationFile { root: root.to_owned(), ..file(id, &[]) };
        let files = || vec![root("1", "crm"), root("2", "crm"), root("7", "api"), root("8", "api")];
        assert_eq!(pending(MigrationTool::Sqlx, &["7"], files()), ["8"]);
    }

    #[test]
    fn flyway_compares_versions_and_repeats_what_changed() {
        let repeatable =
            |sum: &str| MigrationFile { repeatable: true, checksum: Some(sum.to_owned()), ..file("R__v.sql", &[]) };
        let mut there = applied(&["1", "2.0", "R__v.sql"]);
        there.baseline = Some("1".to_owned());
        for migration in &mut there.applied {
            migration.checksum = Some("5".to_owned());
        }
        let edited = MigrationFile { checksum: Some("6".to_owned()), ..file("2.0", &[]) };
        let files = vec![file("10", &[]), repeatable("6"), file("0.9", &[]), edited, file("3", &[])];
        let found = Standing::of(MigrationTool::Flyway, &there, files);
        assert_eq!(found.pending.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["3", "10", "R__v.sql"]);
        assert_eq!(found.edited, ["m/2.0"]);
        assert_eq!(found.missing, Vec::<String>::new());
    }

    #[test]
    fn drupal_counts_each_module_and_only_installed_ones() {
        let files = vec![
            file("site=9001", &[]),
            file("site=9002", &[]),
            file("other=1", &[]),
            file("site_post_update_a", &[]),
            file("site_deploy_b", &[]),
        ];
        let found = pending(MigrationTool::Drush, &["site=9001", "site_deploy_b"], files);
        assert_eq!(found, ["site=9002", "site_post_update_a"]);
    }

    #[test]
    fn squashed_migrations_of_django() {
        let squashed =
            || MigrationFile { replaces: vec!["s.1".to_owned(), "s.2".to_owned()], ..file("s.1_squashed", &[]) };
        let files = || vec![file("s.1", &[]), file("s.2", &[]), squashed(), file("s.3", &[])];
        assert_eq!(pending(MigrationTool::Django, &["s.1", "s.2"], files()), ["s.3"]);
        assert_eq!(pending(MigrationTool::Django, &["s.1_squashed"], files()), ["s.3"]);
    }
}
