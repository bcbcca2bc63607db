//! The sandbox's databases, and the migration tool of its shop.

use std::{io, path::Path};

use sqlx::{Connection, Executor, Row, SqliteConnection, sqlite::SqliteConnectOptions};

/// A shop database with orders, at its first migration; a forum database without a migration table.
pub(super) async fn build(directory: &Path) -> io::Result<()> {
    let mut shop = open(&directory.join("srv/shop.db")).await?;
    run(&mut shop, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)").await?;
    run(&mut shop, "INSERT INTO alembic_version VALUES ('0001_orders')").await?;
    run(&mut shop, "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)").await?;
    run(
        &mut shop,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         INSERT INTO orders (item) SELECT 'item ' || i FROM n",
    )
    .await?;
    shop.close().await.map_err(failed)?;
    let mut forum = open(&directory.join("srv/forum.db")).await?;
    run(&mut forum, "CREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT)").await?;
    run(&mut forum, "INSERT INTO posts (body) VALUES ('hello'), ('world')").await?;
    forum.close().await.map_err(failed)
}

/// Applies the migrations of a directory that are not applied yet, in the order of their names, each in a transaction.
pub async fn migrate(database: &Path, directory: &Path) -> io::Result<Vec<String>> {
    let mut connection = open(database).await?;
    let row = connection.fetch_one("SELECT version_num FROM alembic_version").await.map_err(failed)?;
    let head: String = row.try_get(0).map_err(failed)?;
    let mut files: Vec<std::path::PathBuf> =
        std::fs::read_dir(directory)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    let mut applied = Vec::new();
    for file in files {
        let Some(name) = file.file_stem().and_then(|name| name.to_str()).filter(|name| *name > head.as_str()) else {
            continue;
        };
        let sql = std::fs::read_to_string(&file)?;
        let mut transaction = connection.begin().await.map_err(failed)?;
        transaction.execute(sqlx::AssertSqlSafe(sql)).await.map_err(failed)?;
        transaction
            .execute(sqlx::query("UPDATE alembic_version SET version_num = ?").bind(name.to_owned()))
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        applied.push(name.to_owned());
    }
    connection.close().await.map_err(failed)?;
    Ok(applied)
}

async fn open(path: &Path) -> io::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.map_err(failed)
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> io::Result<()> {
    connection.execute(sql).await.map(|_| ()).map_err(failed)
}

fn failed(error: sqlx::Error) -> io::Error {
    io::Error::other(error)
}
