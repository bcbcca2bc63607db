//! The MCP conformance suite: all of it against the fixtures behind our HTTP stack, and as far as it goes against the product.
//!
//! Needs the pinned tools that `tests/run` installs; without them these tests fail and say so.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::server::{client::Server, fake};

/// The released suite knows the revisions up to 2025-11-25, the next one knows 2026-07-28 too.
const RUNS: &[(&str, &[&str], &str)] = &[
    ("conformance-stable", &["--suite", "all"], "product-released.yml"),
    ("conformance-next", &["--requirements", "2025-11-25"], "product-2025-11-25.yml"),
    ("conformance-next", &["--requirements", "2026-07-28"], "product-2026-07-28.yml"),
];

/// A path that `tests/run` gives.
fn given(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable} is not set: `tests/run` installs the suites and sets it")))
}

fn tools() -> PathBuf {
    given("DEPLOY_OPS_TEST_TOOLS")
}

/// Runs the suite; the error is its output.
fn suite(tools: &Path, version: &str, url: &str, arguments: &[&str]) -> Result<String, String> {
    let modules = tools.join("node_modules");
    let results = tempfile::tempdir().unwrap();
    let output = Command::new(given("DEPLOY_OPS_TEST_NODE"))
        .arg(modules.join(version).join("dist/index.js"))
        .args(["server", "--url", url])
        .args(arguments)
        .current_dir(results.path())
        .output()
        .unwrap_or_else(|error| panic!("cannot run {version} from {}: {error}", tools.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(text) } else { Err(text) }
}

/// The line that counts: how many checks passed and failed.
fn total(text: &str) -> &str {
    text.lines().find(|line| line.starts_with("Total:")).unwrap_or("no total")
}

/// The example server with the fixtures, killed when dropped.
struct Fixtures(Child, String);

impl Fixtures {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/conformance");
        let child = Command::new(program).arg(port.to_string()).stdin(Stdio::null()).spawn();
        let child = child.expect("examples/conformance is built: run `cargo build --examples`");
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the fixtures do not listen");
            std::thread::yield_now();
        }
        Self(child, format!("http://127.0.0.1:{port}/mcp"))
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn nothing_fails_behind_our_http_stack() {
    let tools = tools();
    let fixtures = Fixtures::start();
    for (version, arguments, _) in RUNS {
        match suite(&tools, version, &fixtures.1, arguments) {
            Ok(text) => eprintln!("{version} {arguments:?}: {}", total(&text)),
            Err(text) => panic!("{version} {arguments:?}: {text}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_product_fails_only_what_it_does_not_offer() {
    let tools = tools();
    let server = Server::loopback(&fake::door()).await;
    let url = format!("http://{}/mcp", server.address);
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    for (version, arguments, file) in RUNS {
        let (tools, url, file) = (tools.clone(), url.clone(), expected.join(file).display().to_string());
        let run = tokio::task::spawn_blocking(move || {
            let arguments = [arguments, &["--expected-failures", &file][..]].concat();
            suite(&tools, version, &url, &arguments)
        });
        match run.await.unwrap() {
            Ok(text) => eprintln!("{version}: {}", total(&text)),
            Err(text) => panic!("{version}: {text}"),
        }
    }
}
