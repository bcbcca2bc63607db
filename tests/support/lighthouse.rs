//! A Lighthouse that says what it is told to, and the real one.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use deploy_ops_mcp::demo::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{e2e::given, mcp::House, sandbox::append};

/// A browser that listens, as far as Lighthouse asks, and ends when it is told to. For pictures it is the real one.
const BROWSER: &str = r#"#!/bin/sh
case "$*" in *--remote-debugging-port*) ;; *) exec /usr/bin/chromium "$@";; esac
for word; do case $word in --user-data-dir=*) profile=${word#*=};; esac; done
mkdir -p "$profile" && printf '9222\n/devtools/browser/x' > "$profile/DevToolsActivePort"
head -c 1 <&3 >/dev/null
"#;
/// A Lighthouse that copies the report of the page and run, and ends with the code that stands beside it.
const LIGHTHOUSE: &str = r#"#!/bin/sh
case "$*" in *"--port=9222"*"--only-categories"*|*"--only-categories"*"--port=9222"*) ;; *) exit 64;; esac
here=$(dirname "$0")
for word; do case $word in --output-path=*) out=${word#*=};; http*) page=${word##*/};; esac; done
run=$(($(cat "$here/$page.runs" 2>/dev/null || echo 0) + 1)); echo $run > "$here/$page.runs"
echo "$page $run" >&2
cp "$here/$page.$run.json" "$out" 2>/dev/null || true
exit $(cat "$here/$page.code" 2>/dev/null || echo 0)
"#;

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// The report of a good page with this score of its performance.
pub(crate) fn report(performance: Value) -> Value {
    let mut report: Value = serde_json::from_str(include_str!("../fixtures/lighthouse.json")).unwrap();
    report["categories"]["performance"]["score"] = performance;
    report
}

/// Gives a sandbox a Lighthouse that answers with these reports, page by page and run by run, with further keys.
pub(crate) fn fake(sandbox: &Sandbox, pages: &[(&str, &[Value])], keys: &str) {
    let directory = sandbox.directory.join("fake");
    fs::create_dir_all(&directory).unwrap();
    script(&directory.join("browser"), BROWSER);
    script(&directory.join("lighthouse"), LIGHTHOUSE);
    for (page, reports) in pages {
        for (index, report) in reports.iter().enumerate() {
            fs::write(directory.join(format!("{page}.{}.json", index + 1)), report.to_string()).unwrap();
        }
    }
    let at = directory.display();
    let sections =
        format!("[browser]\nchromium = \"{at}/browser\"\n[lighthouse]\ncommand = [\"{at}/lighthouse\"]\n{keys}\n");
    append(sandbox, &sections);
}

/// Gives the shop of a sandbox pages that are looked at after its deployments. The browser shows nothing, which decides nothing.
pub(crate) fn look_at_shop(sandbox: &Sandbox) {
    let good: Vec<Value> = std::iter::repeat_n(report(json!(1)), 100).collect();
    fake(sandbox, &[("home", &good)], "runs = 1");
    script(&sandbox.directory.join("fake/browser"), &BROWSER.replace("exec /usr/bin/chromium \"$@\"", "exit 1"));
    append(
        sandbox,
        "[services.shop.pages]\nhome = { path = \"/home\" }\n[services.shop.lighthouse]\nbelow = \"fail\"\n\
         [services.shop.visual]\nchanged = \"tell\"\n",
    );
}

/// Gives a house the real one, which measures a page once, with further keys.
pub(crate) fn real(house: &House, keys: &str) {
    let (node, tools) = (given("DEPLOY_OPS_TEST_NODE"), given("DEPLOY_OPS_TEST_TOOLS"));
    let (node, tools) = (node.display(), tools.display());
    let command = format!("[\"{node}\", \"{tools}/node_modules/lighthouse/cli/index.js\"]");
    append(&house.sandbox, &format!("[lighthouse]\ncommand = {command}\nruns = 1\ntimeout_s = 300\n{keys}\n"));
}
