//! Which module may know which, and where a crate is at home.
//!
//! The two tables are the design: a new arrow fails here with file and line, and is a decision to be made in review, not a
//! detail. Code under `#[cfg(test)]` and `tests.rs` files are not the product and may import what they like.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Every module of the library with what it may import of the others: a module, or one item of it.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("redact", &[]),
    ("config", &["domain", "policy", "redact"]),
    ("world", &["domain", "policy::Permit", "redact", "config"]),
    ("tools", &["domain", "world"]),
    ("steps", &["domain", "policy::Permit", "world"]),
    ("ledger", &["domain", "policy", "redact"]),
    ("engine", &["domain", "policy", "redact", "world", "tools", "steps", "ledger"]),
    ("server", &["domain", "redact", "tools", "engine", "config"]),
    ("cli", ALL),
    ("demo", ALL),
    ("main", ALL),
    ("lib", ALL),
];

const ALL: &[&str] =
    &["domain", "policy", "redact", "config", "world", "tools", "steps", "ledger", "engine", "server", "cli", "demo"];

/// Names that a module must not speak at all, wherever they come from.
const UNSPEAKABLE: &[(&str, &str, &str)] = &[
    ("tools", "World", "tools get a `Reader`, which has no changing method"),
    ("tools", "Permit", "tools plan; only steps act"),
    ("domain", "async", "domain is plain values"),
    ("policy", "async", "policy decides purely"),
];

/// What has few homes, and which they are. `demo` is at home with what it plays: the client, and the services it deploys.
const HOMES: &[(&str, &[&str])] = &[
    ("rmcp", &["server", "demo"]),
    ("axum", &["server", "demo"]),
    ("hyper", &["server", "world::http", "demo"]),
    // The demo builds the databases of its sandbox itself, before any server runs.
    ("sqlx", &["ledger", "world::database", "demo"]),
    ("rusqlite", &[]),
    ("reqwest", &["world"]),
    ("rustls", &["world"]),
    ("octocrab", &["world"]),
    ("simple_dns", &["world"]),
    ("russh", &["world"]),
    ("russh_sftp", &["world"]),
    ("tar", &["world::ssh", "world::artifacts"]),
    ("zip", &["world::artifacts", "world::bundle", "world::e2e"]),
    ("secrecy", &["redact"]),
    // Reports of tests.
    ("png", &["world::browser"]),
    ("quick_xml", &["domain::results"]),
    ("clap", &["cli", "main"]),
    // The process that runs a script detached gets the granted secrets, and no others, in its environment.
    ("std::env::var", &["config", "world::detached"]),
    ("std::env::var_os", &["config"]),
    ("std::env::vars", &["config"]),
    ("std::env::vars_os", &["config"]),
    ("std::process::Command", &["world", "demo"]),
    ("tokio::process", &["world", "demo"]),
    ("std::io::stdout", &["server", "cli", "demo", "main"]),
    ("tokio::io::stdout", &["server", "cli", "demo", "main"]),
    // The outside is reached through `world`, by tools and steps too.
    ("std::fs", &["config", "world", "ledger", "server", "cli", "demo", "main"]),
    ("tokio::fs", &["config", "world", "ledger", "server", "cli", "demo", "main"]),
    ("std::net::TcpStream", &["world", "server", "cli", "demo", "main"]),
    ("tokio::net", &["world", "server", "cli", "demo", "main"]),
    ("std::time::SystemTime", &["world"]),
];

#[test]
fn every_arrow_is_in_the_table() {
    let mut wrong = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(source_root().join(&file)).unwrap();
        wrong.extend(violations(&file, &text));
    }
    assert!(wrong.is_empty(), "new arrows; see the tables in tests/layers.rs:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    for module in sources().iter().map(|file| layer(&module_path(file))) {
        assert!(ARROWS.iter().any(|(name, _)| *name == module), "src/{module} is not in the table of tests/layers.rs");
    }
}

#[test]
fn a_source_file_fits_in_the_head() {
    for file in sources() {
        let lines = fs::read_to_string(source_root().join(&file)).unwrap().lines().count();
        assert!(lines <= 450, "src/{} has {lines} lines (450 at most): look for the missing noun", file.display());
    }
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_seen() {
    let seen = |file: &str, text: &str| violations(Path::new(file), text);
    let refused = [
        ("tools/x.rs", "use crate::steps::run;"),
        ("tools/x.rs", "use crate::{domain::name, steps};"),
        ("tools/x.rs", "use crate::world::{Reader, World};"),
        ("tools/x.rs", "use super::super::engine::Reply;"),
        ("tools/x/mod.rs", "fn f() { log!(\"{}\", crate::ledger::NAME) }"),
        ("tools/x.rs", "fn f() { std::fs::read(p) }"),
        ("world/host.rs", "use crate::policy::decide;"),
        ("world/host.rs", "use crate::policy;"),
        ("domain/plan.rs", "mod deep { use super::super::super::policy::Permit; }"),
        ("domain/plan.rs", "async fn f() {}"),
        ("engine/run.rs", "use crate::config::Config;"),
        ("engine/run.rs", "use std::{collections::BTreeMap, env}; fn f() { env::var(name) }"),
        ("engine/run.rs", "use std::process; fn f() { process::Command::new(program); }"),
        ("engine/run.rs", "use ::rmcp as protocol;"),
        ("ledger/run.rs", "use std::io; fn f() { io::stdout() }"),
        ("server/mcp.rs", "use crate::world::World;"),
        ("world/mail.rs", "fn f() { sqlx::query(text); }"),
        ("policy/x.rs", "use crate::NoSuchThing;"),
    ];
    for (file, text) in refused {
        assert_eq!(seen(file, text).len(), 1, "{file}: {text}: {:?}", seen(file, text));
    }
    let allowed = [
        ("tools/x.rs", "use crate::{domain::name, world::Reader}; use super::Query;"),
        ("tools/x.rs", "// crate::steps\n/// [`crate::steps`]\nconst X: &str = \"crate::steps::run\";"),
        ("tools/x.rs", "#[cfg(test)] mod tests { use crate::steps::run; } use crate::domain::plan;"),
        ("tools/tests.rs", "use crate::steps::run;"),
        ("world/host.rs", "use crate::policy::Permit; use std::process::{Command, Stdio};"),
        ("world/database/sqlite.rs", "use sqlx::Row;"),
        ("engine/run.rs", "use std::process::ExitCode; use std::time::Duration; fn f() { x.env.rmcp() }"),
        ("domain/plan.rs", "mod deep { use super::super::name; }"),
    ];
    for (file, text) in allowed {
        assert_eq!(seen(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

/// What in this file is in neither table, one line each.
fn violations(file: &Path, text: &str) -> Vec<String> {
    if file.file_name().is_some_and(|name| name == "tests.rs") {
        return Vec::new();
    }
    let module = module_path(file);
    let me = layer(&module);
    let mut walk = Walk { paths: Vec::new(), words: Vec::new() };
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("src/{}: {error}", file.display()));
    walk.stream(tokens, &module);

    let may_import = ARROWS.iter().find(|(name, _)| *name == me).map_or(&[][..], |(_, list)| list);
    let mut wrong = Vec::new();
    for path in &walk.paths {
        let at = format!("src/{}:{}", file.display(), path.line);
        let shown = path.segments.join("::");
        if path.internal {
            let own = path.segments.first().is_none_or(|first| *first == me);
            if !own && !may_import.iter().any(|allowed| path.is_below(allowed)) {
                wrong.push(format!("{at}: {me} → {shown}"));
            }
        } else {
            let found = HOMES.iter().find(|(home, _)| path.is_below(home) || path.is_below(tail(home)));
            if let Some((home, modules)) = found
                && !modules.iter().any(|allowed| starts_with(&module, allowed))
            {
                wrong.push(format!("{at}: {shown}: {home} is at home in {modules:?}, not in {me}"));
            }
        }
    }
    for (name, word, why) in UNSPEAKABLE.iter().filter(|(name, ..)| *name == me) {
        if let Some((_, line)) = walk.words.iter().find(|(spoken, _)| spoken == word) {
            wrong.push(format!("src/{}:{line}: {name} says {word}: {why}", file.display()));
        }
    }
    wrong
}

/// A path as it stands in the code; internal ones begin with a module of ours.
struct Spoken {
    segments: Vec<String>,
    internal: bool,
    line: usize,
}

impl Spoken {
    /// Whether it is `prefix` or something inside.
    fn is_below(&self, prefix: &str) -> bool {
        starts_with(&self.segments, prefix)
    }
}

/// How an item of three segments is called when the module it stands in was imported.
fn tail(home: &str) -> &str {
    home.split_once("::").map_or(home, |(_, rest)| if rest.contains("::") { rest } else { home })
}

fn starts_with(segments: &[String], prefix: &str) -> bool {
    let mut rest = segments.iter();
    prefix.split("::").all(|wanted| rest.next().is_some_and(|segment| segment == wanted))
}

/// Collects every path of a file. Works on tokens, so that comments and strings say nothing and macro bodies count.
struct Walk {
    paths: Vec<Spoken>,
    words: Vec<(String, usize)>,
}

impl Walk {
    fn stream(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut imported = false;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' && is_cfg_test(tokens.get(at)) => {
                    at = end_of_item(&tokens, at);
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => imported = false,
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at), tokens.get(at + 1))
                    {
                        let inner: Vec<String> = module.iter().cloned().chain([name.to_string()]).collect();
                        self.stream(body.stream(), &inner);
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "use" => imported = true,
                TokenTree::Ident(_) => at = self.path(&tokens, at - 1, &[], module, imported),
                TokenTree::Group(group) if imported => self.group(group.stream(), &[], module),
                TokenTree::Group(group) => self.stream(group.stream(), module),
                _ => {}
            }
        }
    }

    /// Reads the path that begins at `at` and returns where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize, prefix: &[String], module: &[String], imported: bool) -> usize {
        let mut segments = prefix.to_vec();
        let mut at = at;
        let mut line = 0;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => {
                    line = word.span().start().line;
                    self.words.push((word.to_string(), line));
                    segments.push(word.to_string());
                    at += 1;
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !segments.is_empty() => {
                    self.group(group.stream(), &segments, module);
                    return at + 1;
                }
                _ => break,
            }
            if !(is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))) {
                break;
            }
            at += 2;
        }
        if imported || segments.len() > 1 {
            let (segments, internal) = resolve(segments, module);
            self.paths.push(Spoken { segments, internal, line });
        }
        at
    }

    /// The paths of `{a, b::c}` behind a common beginning.
    fn group(&mut self, tokens: TokenStream, prefix: &[String], module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for item in tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
            let begin = item.iter().position(|token| !is_colon(Some(token))).unwrap_or(0);
            self.path(item, begin, prefix, module, true);
        }
    }
}

/// What a path means: without `crate`, `self` and `super` it belongs to another crate (or to a local item, which has no home).
fn resolve(segments: Vec<String>, module: &[String]) -> (Vec<String>, bool) {
    let mut base: Vec<String> = module.to_vec();
    let mut rest = segments.iter().peekable();
    match rest.peek().map(|first| first.as_str()) {
        Some("crate") => {
            base.clear();
            rest.next();
        }
        Some("self") => {
            rest.next();
        }
        Some("super") => {
            while rest.next_if(|segment| *segment == "super").is_some() {
                base.pop();
            }
        }
        _ => return (segments, false),
    }
    base.extend(rest.filter(|segment| *segment != "self").cloned());
    (base, true)
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    token.is_some_and(|token| token.to_string().replace(' ', "") == "[cfg(test)]")
}

/// Where the item after an attribute at `at` ends: behind its body or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        _ => false,
    };
    tokens.iter().skip(at).position(is_end).map_or(tokens.len(), |end| at + end + 1)
}

/// The module that a source file is, from the root of the library: `src/world/database/mod.rs` is `[world, database]`.
fn module_path(file: &Path) -> Vec<String> {
    let mut path: Vec<String> =
        file.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|last| last == "mod" || (path.len() == 1 && last == "lib")) {
        path.pop();
    }
    path
}

fn layer(module: &[String]) -> String {
    module.first().cloned().unwrap_or_else(|| "lib".to_owned())
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, relative to `src`, in a fixed order.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![source_root()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(source_root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}
