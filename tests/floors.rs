//! The lowest versions of dependencies that may be locked, and what may not be there at all.
//!
//! The database of advisories is not a package, so what it said when a floor was set stands here.

use std::fs;

/// A crate, its floor, whether it must be there, and why the floor.
const FLOORS: &[(&str, [u64; 3], bool, &str)] = &[
    ("rmcp", [3, 11, 0], true, "the behaviour that the conformance suite was run against"),
    ("sqlx", [0, 9, 0], true, "the first that bundles the SQLite that is wanted"),
    ("age", [0, 11, 1], false, "plugin names could run programs before (RUSTSEC-2024-0433)"),
    ("h2", [0, 4, 16], false, "empty DATA frames without end: RUSTSEC-2026-0258"),
    ("landlock", [0, 4, 8], false, "knows the access rights of present kernels"),
    ("quick-xml", [0, 42, 0], false, "quadratic and unbounded parsing: RUSTSEC-2026-0194, RUSTSEC-2026-0195"),
    ("russh", [0, 63, 3], true, "4 GiB allocated from a length that the peer names, below 0.60.3"),
    ("tar", [0, 4, 45], false, "permissions changed through symbolic links: RUSTSEC-2026-0067, RUSTSEC-2026-0068"),
    ("tokio-postgres", [0, 7, 18], false, "the newest when it was reviewed"),
    ("zip", [2, 3, 0], false, "the newest when it was reviewed"),
];

/// Crates that must not come back, and why.
const BANNED: &[(&str, &str)] = &[
    ("native-tls", "TLS is rustls with ring"),
    ("openssl", "TLS is rustls with ring"),
    ("openssl-sys", "TLS is rustls with ring"),
    ("rusqlite", "SQLite is reached through sqlx; two bundled copies clash"),
    ("serde_yml", "unsound: RUSTSEC-2025-0068"),
];

/// From 3.7.0 to 3.51.2 a reset of the write-ahead log could corrupt the database.
const SQLITE_FLOOR: [u64; 3] = [3, 51, 3];

#[test]
fn locked_versions_are_not_below_their_floors() {
    let locked = locked();
    for (name, floor, required, why) in FLOORS {
        let versions: Vec<&str> =
            locked.iter().filter(|(locked, _)| locked == name).map(|(_, version)| version.as_str()).collect();
        assert!(!required || !versions.is_empty(), "{name} is not in Cargo.lock");
        for version in versions {
            assert!(numbers(version) >= *floor, "{name} {version} is below {floor:?}: {why}");
        }
    }
}

#[test]
fn banned_crates_are_not_locked() {
    let locked = locked();
    for (name, why) in BANNED {
        assert!(!locked.iter().any(|(locked, _)| locked == name), "{name} is in Cargo.lock: {why}");
    }
}

#[tokio::test]
async fn bundled_sqlite_is_not_below_its_floor() {
    use sqlx::Connection as _;
    let mut database = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&mut database).await.unwrap();
    assert!(numbers(&version) >= SQLITE_FLOOR, "bundled SQLite {version} is below {SQLITE_FLOOR:?}");
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(numbers("0.10.0") > numbers("0.9.12"));
    assert_eq!(numbers("1.2.3-alpha.1+meta"), [1, 2, 3]);
    assert_eq!(numbers("3.51"), [3, 51, 0]);
}

/// Name and version of every locked package.
fn locked() -> Vec<(String, String)> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let lock: toml::Table = text.parse().unwrap();
    let field = |package: &toml::Value, name: &str| package[name].as_str().unwrap().to_owned();
    let packages = lock["package"].as_array().unwrap();
    packages.iter().map(|package| (field(package, "name"), field(package, "version"))).collect()
}

/// The three numbers of a version. Pre-releases count as their release: floors are about what was mended before it.
fn numbers(version: &str) -> [u64; 3] {
    let core = version.split(['-', '+']).next().unwrap();
    let mut parts = core.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}
