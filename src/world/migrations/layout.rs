//! Where each tool keeps its migrations in a repository, and what their ids are.

use std::sync::LazyLock;

use regex::Regex;

use super::{MigrationFile, alembic, checksum};
use crate::domain::inventory::MigrationTool;

/// A function of Drupal that is an update: `function site_update_9001(`, `function site_post_update_x(`, `function site_deploy_x(`.
static DRUPAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^function[ \t]+(\w+?)_(update_\d+|post_update_\w+|deploy_\w+)[ \t]*\(").ok());
/// Django's squashed migrations name those that they stand for.
static REPLACES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)\breplaces\s*=\s*\[(.*?)\]").ok());

/// Whether a file may be a migration of the tool, by its path.
pub(super) fn may_hold(tool: MigrationTool, path: &str) -> bool {
    let (directory, name) = split(path);
    let inside = |suffix: &str| directory == suffix || directory.ends_with(&format!("/{suffix}"));
    let numbered = name.starts_with(|c: char| c.is_ascii_digit());
    match tool {
        MigrationTool::Alembic => name.ends_with(".py") && inside("versions"),
        MigrationTool::Prisma => name == "migration.sql",
        MigrationTool::Drush => [".install", ".post_update.php", ".deploy.php"].iter().any(|end| name.ends_with(end)),
        MigrationTool::Django => numbered && name.ends_with(".py") && inside("migrations"),
        MigrationTool::Laravel => numbered && name.ends_with(".php") && inside("migrations"),
        MigrationTool::Flyway => name.ends_with(".sql") && flyway_id(name).is_some(),
        MigrationTool::Rails => numbered && name.ends_with(".rb") && inside("migrate"),
        MigrationTool::Sqlx => numbered && name.ends_with(".sql") && !name.ends_with(".down.sql"),
    }
}

/// The migrations in a file.
pub(super) fn parse(tool: MigrationTool, path: &str, bytes: &[u8]) -> Vec<MigrationFile> {
    let text = String::from_utf8_lossy(bytes);
    let (directory, name) = split(path);
    let stem = name.split('.').next().unwrap_or(name);
    let version = stem.split('_').next().unwrap_or(stem);
    let file = |id: &str| MigrationFile {
        id: id.to_owned(),
        path: path.to_owned(),
        root: directory.to_owned(),
        text: text.clone().into_owned(),
        line: 1,
        ..MigrationFile::default()
    };
    match tool {
        MigrationTool::Alembic => {
            alembic::revision(&text).map(|(id, parents)| MigrationFile { parents, ..file(&id) }).into_iter().collect()
        }
        MigrationTool::Prisma => {
            let (root, id) = split(directory);
            vec![MigrationFile { root: root.to_owned(), checksum: Some(checksum::prisma(bytes)), ..file(id) }]
        }
        MigrationTool::Drush => drupal(path, &text),
        MigrationTool::Django => {
            let app = split(split(directory).0).1;
            vec![MigrationFile { root: String::new(), replaces: replaces(&text), ..file(&format!("{app}.{stem}")) }]
        }
        MigrationTool::Laravel => vec![file(stem)],
        MigrationTool::Flyway => {
            let Some((id, repeatable)) = flyway_id(name) else { return Vec::new() };
            vec![MigrationFile { repeatable, checksum: Some(checksum::flyway(&text)), ..file(&id) }]
        }
        MigrationTool::Rails => vec![file(version)],
        MigrationTool::Sqlx => {
            // The table holds a number.
            let Ok(number) = version.parse::<i64>() else { return Vec::new() };
            vec![MigrationFile { checksum: Some(checksum::sqlx(bytes)), ..file(&number.to_string()) }]
        }
    }
}

/// The version of `V1_2__name.sql`, or the script of `R__name.sql`, which is repeatable. Files to undo are no migrations.
fn flyway_id(name: &str) -> Option<(String, bool)> {
    let (prefix, _) = name.split_once("__")?;
    if prefix == "R" {
        return Some((name.to_owned(), true));
    }
    let version = prefix.strip_prefix('V')?;
    let good = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b == b'.');
    good.then(|| (version.replace('_', "."), false))
}

/// Every update function of a module's file is a migration; schema updates are called `<module>=<number>`, as Drupal counts them.
fn drupal(path: &str, text: &str) -> Vec<MigrationFile> {
    let Some(pattern) = DRUPAL.as_ref() else { return Vec::new() };
    let begins: Vec<(usize, String)> = pattern
        .captures_iter(text)
        .filter_map(|found| {
            let (whole, module, update) = (found.get(0)?, found.get(1)?.as_str(), found.get(2)?.as_str());
            let id = match update.strip_prefix("update_") {
                Some(number) => format!("{module}={number}"),
                None => format!("{module}_{update}"),
            };
            Some((whole.start(), id))
        })
        .collect();
    let ends = begins.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    begins
        .iter()
        .zip(ends)
        .map(|((from, id), to)| MigrationFile {
            id: id.clone(),
            path: path.to_owned(),
            text: text.get(*from..to).unwrap_or_default().to_owned(),
            line: text.get(..*from).unwrap_or_default().matches('\n').count() + 1,
            ..MigrationFile::default()
        })
        .collect()
}

/// `[('app', '0001_initial'), …]` as `app.0001_initial`.
fn replaces(text: &str) -> Vec<String> {
    let found = REPLACES.as_ref().and_then(|pattern| pattern.captures(text)).and_then(|found| found.get(1));
    let names = found.map(|list| alembic::quoted(list.as_str())).unwrap_or_default();
    names.chunks_exact(2).map(|pair| pair.join(".")).collect()
}

/// Directory and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(tool: MigrationTool, path: &str, text: &str) -> Vec<String> {
        if !may_hold(tool, path) {
            return Vec::new();
        }
        parse(tool, path, text.as_bytes()).into_iter().map(|file| file.id).collect()
    }

    #[test]
    fn every_tool_has_its_places_and_ids() {
        for (tool, path, text, wanted) in [
            (MigrationTool::Alembic, "api/alembic/versions/a1_x.py", "revision = 'a1'", vec!["a1"]),
            (MigrationTool::Alembic, "api/alembic/env.py", "revision = 'a1'", vec![]),
            (MigrationTool::Prisma, "prisma/migrations/2025_init/migration.sql", "", vec!["2025_init"]),
            (MigrationTool::Django, "src/shop/migrations/0001_initial.py", "", vec!["shop.0001_initial"]),
            (MigrationTool::Django, "src/shop/migrations/__init__.py", "", vec![]),
            (MigrationTool::Laravel, "database/migrations/2025_01_02_030405_x.php", "", vec!["2025_01_02_030405_x"]),
            (MigrationTool::Flyway, "db/V1_2__init.sql", "", vec!["1.2"]),
            (MigrationTool::Flyway, "db/R__views.sql", "", vec!["R__views.sql"]),
            (MigrationTool::Flyway, "db/U1_2__init.sql", "", vec![]),
            (MigrationTool::Rails, "db/migrate/20250102030405_x.rb", "", vec!["20250102030405"]),
            (MigrationTool::Sqlx, "migrations/0002_x.up.sql", "", vec!["2"]),
            (MigrationTool::Sqlx, "migrations/0002_x.down.sql", "", vec![]),
            (
                MigrationTool::Drush,
                "web/modules/site/site.install",
                "<?php\nfunction site_update_9001() {}\nfunction site_install() {}\nfunction site_update_9002(&$s) {}",
                vec!["site=9001", "site=9002"],
            ),
            (
                MigrationTool::Drush,
                "site.post_update.php",
                "function site_post_update_x() {}",
                vec!["site_post_update_x"],
            ),
        ] {
            assert_eq!(ids(tool, path, text), wanted, "{tool:?} {path}");
        }
    }

    #[test]
    fn squashed_migrations_name_what_they_stand_for() {
        let text = "class Migration:\n  replaces = [('shop', '0001_a'), ('shop', '0002_b')]\n";
        assert_eq!(replaces(text), ["shop.0001_a", "shop.0002_b"]);
    }
}
