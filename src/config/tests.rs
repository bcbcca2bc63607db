//! The whole file: the example, many problems at once, speed, and what must never be shown.

use std::{fs, path::Path, time::Instant};

use proptest::prelude::*;

use super::{
    load,
    testing::{FILE, parse},
};
use crate::domain::inventory::{DatabaseServer, Deploy, Engine};

fn example_path() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/deploy-ops.example.toml"))
}

#[test]
fn the_example_is_a_whole_infrastructure_without_problems() {
    let config = load(example_path()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(config.warnings, []);
    let inventory = &config.inventory;
    let engines = |label| inventory.databases.values().filter(|d| d.engine.label() == label).count();
    assert_eq!((engines("mariadb"), engines("postgres"), engines("sqlite")), (14, 3, 1));
    assert_eq!((inventory.services.len(), inventory.hosts.len(), inventory.environments.len()), (22, 2, 3));
    assert_eq!((inventory.mailboxes.len(), inventory.gates.len(), inventory.roots.len()), (8, 4, 4));
    assert!(inventory.mailboxes.values().map(|mailbox| mailbox.aliases.len()).sum::<usize>() >= 20);
    assert_eq!((config.settings.tokens.len(), config.settings.approvers.len()), (2, 2));
    let on_the_shared_host = |service: &crate::domain::inventory::Service| {
        service.targets.values().any(|target| target.host.as_str() == "web")
    };
    assert!(inventory.services.values().filter(|service| on_the_shared_host(service)).count() >= 20);
    let crm = inventory.services.values().find(|service| service.name.as_str() == "crm").unwrap();
    assert!(matches!(&crm.deploy, Deploy::Script(deploy) if deploy.script.arguments[2] == "--target={root}"));
    assert_eq!(crm.targets.values().next().unwrap().root, Path::new("/www/htdocs/w0123456/crm.example.org"));
    assert!(
        inventory
            .databases
            .values()
            .any(|d| matches!(&d.engine, Engine::Postgres(DatabaseServer { via: Some(_), port: 5432, .. })))
    );
}

#[test]
fn the_defaults_that_the_example_names_are_the_defaults() {
    let mut given = load(example_path()).unwrap().settings;
    let directory = example_path().parent().unwrap().join("deploy-ops.toml");
    let default = super::parse(&directory, "").unwrap().settings;
    assert_eq!((given.policy, given.limits), (default.policy, default.limits));
    assert_eq!(given.redaction.session_stop_hits, default.redaction.session_stop_hits);
    given.state.reports.clone_from(&default.state.reports);
    assert_eq!(given.state, default.state);
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let problems = parse("[policy]\nx = 1\n[hosts.a]\nkind = 3\n[gates.b]\n[limits]\nconcurrency = 0\n").unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 5, 7]);
    assert_eq!(
        problems[3].to_string(),
        format!(
            "{FILE}:7:15: error: limits.concurrency: must be from 1 to 1024. \
             Fix: use a number in that range; 64 is the default."
        )
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("deploy-ops.toml");
    let message = |path: &Path| load(path).unwrap_err().remove(0).message;
    assert_eq!(message(&file), "there is no such file");
    assert_eq!(message(directory.path()), "is not a regular file");
    fs::write(&file, b"# ok\n# \xff\n").unwrap();
    assert_eq!(load(&file).unwrap_err().remove(0).line, 2);
    fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert_eq!(message(&file), "the file is larger than 1 MiB");
    fs::write(&file, b"\xef\xbb\xbf[policy]\r\nsnapshot_fresh_s = 600\r\n").unwrap();
    assert_eq!(load(&file).unwrap().settings.policy.snapshot_fresh_s, 600);
}

#[test]
fn a_file_full_of_mistakes_is_told_in_part_and_in_time() {
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(parse(&deep).is_err());
    let long = format!("[server]\ntools = [{}]", "\"--\", ".repeat(50_000));
    assert_eq!(parse(&long).unwrap_err().len(), 200);
}

/// Prints what `docs/PERFORMANCE.md` wants: `cargo test --release -- --ignored --nocapture the_example_is_read_quickly`.
#[test]
#[ignore = "a measurement, meaningful in a release build only"]
fn the_example_is_read_quickly() {
    let mut times: Vec<_> = (0..200)
        .map(|_| {
            let start = Instant::now();
            load(example_path()).unwrap();
            start.elapsed()
        })
        .collect();
    eprintln!("first {:?}", times[0]);
    times.sort();
    eprintln!("median {:?}", times[100]);
    assert!(times[100].as_micros() < 1000, "{:?}", times[100]);
}

/// What stands in the file where it must not, and where it may stand: a mistake in the file must not bring it out.
const PLANTED: &str = "Qv7-Zk2xWp9Lm4tR";

/// The example with secrets in many wrong places.
fn planted_example() -> String {
    let example = fs::read_to_string(example_path()).unwrap();
    [
        ("\"env:MCP_TOKEN_CI\"", format!("\"{PLANTED}\"")),
        ("\"MAIN_DB_PASSWORD\"\nvia", format!("\"{PLANTED}\"\nvia")),
        ("\"https://crm.example.org/\"", format!("\"https://u:{PLANTED}@crm.example.org/\"")),
        ("\"ssh.example.org\"", format!("\"u:{PLANTED}@ssh.example.org\"")),
        ("DRUSH_PHP = \"/usr/bin/php8.3\"", format!("DRUSH_TOKEN = \"{PLANTED}\"")),
        ("\"--dry-run\"", format!("\"--password={{{PLANTED}}}\"")),
        ("tier = \"staging\"", format!("tier = \"{PLANTED}\"")),
        ("timeout_s = 1200", format!("timeout_s = \"{PLANTED}\"")),
        ("[\"npm\", \"run\", \"lint\"]", format!("\"npm '{PLANTED}\"")),
        ("zone = \"Europe/Vienna\"", format!("zone = \"{PLANTED}\"")),
        ("host = \"web\"", format!("host = \"{PLANTED}\"")),
        ("address = \"info@example.org\"", format!("address = \"{PLANTED}\"")),
        ("read_only = false", format!("{PLANTED} = false")),
        ("[databases.wiki]", format!("[databases.{PLANTED}]")),
        ("[services.wiki.targets.production]", format!("[services.wiki.targets.{PLANTED}]")),
        ("path = \"/health\"", format!("path = \"{PLANTED}\"")),
    ]
    .iter()
    .fold(example, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn shows_planted(text: &str) -> bool {
    let windows = PLANTED.as_bytes().windows(6);
    windows.filter_map(|window| std::str::from_utf8(window).ok()).any(|window| text.contains(window))
}

#[test]
fn secrets_in_wrong_places_are_told_but_not_shown() {
    let problems = parse(&planted_example()).unwrap_err();
    assert!(problems.len() >= 16, "{problems:#?}");
    for problem in problems {
        assert!(!shows_planted(&format!("{problem} {problem:?}")), "{problem}");
    }
}

/// One change of a text: at a place, so many bytes are replaced by a fragment.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, &'static str)> {
    let fragments = [
        "", "\"", "'", "\n", "=", "[", "]", "{", "}", "#", ".", ",", "\\", "\"\"\"", "'''", "\r", "\0", " = ",
        "\u{feff}", "é", "x", "0", "true", "[[", "]]", "\n[a]\n", "file:", "env:", "://", "-",
    ];
    (any::<prop::sample::Index>(), 0_usize..24, prop::sample::select(fragments.to_vec()))
}

/// Replaces a part of the text, at character boundaries.
fn replace(text: &mut String, start: usize, length: usize, fragment: &str) {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + length);
    text.replace_range(start..end, fragment);
}

fn shown(text: &str) -> Vec<String> {
    let problems = parse(text).map_or_else(|problems| problems, |config| config.warnings);
    problems.iter().map(|problem| format!("{problem} {problem:?}")).filter(|text| shows_planted(text)).collect()
}

/// How many entries of each kind a configuration holds.
fn held(config: &super::Config) -> Vec<usize> {
    let inventory = &config.inventory;
    let services = || inventory.services.values();
    vec![
        inventory.environments.len(),
        inventory.environments.values().map(|environment| environment.windows.len()).sum(),
        inventory.hosts.len(),
        inventory.databases.len(),
        inventory.mailboxes.len(),
        inventory.mailboxes.values().map(|mailbox| mailbox.aliases.len()).sum(),
        inventory.gates.len(),
        inventory.secrets.len(),
        inventory.roots.len(),
        inventory.services.len(),
        services().map(|service| service.targets.len()).sum(),
        services().map(|service| service.smoke.len()).sum(),
        services().map(|service| service.gates.len() + service.secrets.len()).sum(),
        config.settings.tokens.len(),
        config.settings.approvers.len(),
    ]
}

/// The same, counted in the text.
fn written(file: &toml::Table) -> Vec<usize> {
    let length = |value: Option<&toml::Value>| match value {
        Some(toml::Value::Table(table)) => table.len(),
        Some(toml::Value::Array(array)) => array.len(),
        _ => 0,
    };
    let kind = |kind: &str| length(file.get(kind));
    let inside = |kind: &str, keys: &[&str]| -> usize {
        let entries = file.get(kind).and_then(toml::Value::as_table).into_iter().flatten();
        entries.map(|(_, entry)| keys.iter().map(|key| length(entry.get(key))).sum::<usize>()).sum()
    };
    vec![
        kind("environments"),
        inside("environments", &["windows"]),
        kind("hosts"),
        kind("databases"),
        kind("mailboxes"),
        inside("mailboxes", &["aliases"]),
        kind("gates"),
        kind("secrets"),
        kind("roots"),
        kind("services"),
        inside("services", &["targets"]),
        inside("services", &["smoke"]),
        inside("services", &["gates", "secrets"]),
        kind("tokens"),
        kind("approvers"),
    ]
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn no_mutation_panics_or_shows_a_secret(changes in prop::collection::vec(change(), 1..6)) {
        let mut text = planted_example();
        for (place, length, fragment) in changes {
            let start = place.index(text.len());
            replace(&mut text, start, length, fragment);
        }
        prop_assert_eq!(shown(&text), Vec::<String>::new());
    }

    /// Changes only where a secret stands, where they hurt most.
    #[test]
    fn no_mutation_around_a_secret_shows_it(
        nth in any::<prop::sample::Index>(),
        changes in prop::collection::vec((0_usize..30, change()), 1..4),
    ) {
        let mut text = planted_example();
        let places: Vec<usize> = text.match_indices(PLANTED).map(|(place, _)| place).collect();
        let place = nth.get(&places).saturating_sub(12);
        for (offset, (_, length, fragment)) in changes {
            replace(&mut text, place + offset, length, fragment);
        }
        prop_assert_eq!(shown(&text), Vec::<String>::new());
    }

    /// Whatever is dropped was told: a configuration without problems holds every entry of the file.
    #[test]
    fn nothing_is_dropped_silently(changes in prop::collection::vec(change(), 1..3)) {
        let mut text = fs::read_to_string(example_path()).unwrap();
        for (place, length, fragment) in changes {
            let start = place.index(text.len());
            replace(&mut text, start, length / 4, fragment);
        }
        if let Ok(config) = parse(&text) {
            prop_assert_eq!(held(&config), written(&text.parse().unwrap()));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }
}
