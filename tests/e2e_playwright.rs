//! A real Playwright suite in a real browser against a small page: one run, and one of its tests again, alone. No secret comes out of
//! pages, errors, titles and names of files.

use std::{fs::File, io::Read as _, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::support::{
    e2e::{given, page},
    mcp::{Answer, Client, House},
};

const CONFIGURATION: &str = r"
module.exports = {
    testDir: 'tests', timeout: 3000, workers: 1, projects: [{ name: 'chromium' }],
    use: {
        baseURL: process.env.BASE_URL, screenshot: 'only-on-failure', actionTimeout: 400,
        video: process.env.E2E_VIDEO ? 'on' : 'off',
        launchOptions: {
            executablePath: process.env.CHROME_PATH,
            args: ['--no-sandbox', '--host-resolver-rules=MAP gone.example.org ~NOTFOUND'],
        },
    },
};";

const TESTS: &str = r"
const { test, expect } = require('@playwright/test');
test('greets', async ({ page }) => { await page.goto('/'); await expect(page.locator('h1')).toHaveText('Hello'); });
test('strict', async ({ page }) => { await page.goto('/'); await page.locator('button').click(); });
test(`missing ${process.env.FORUM_DB_PASSWORD}`, async ({ page }) => {
    await page.goto('/');
    if (process.env.E2E_DEBUG) await page.waitForTimeout(1);
    await page.locator('#gone').click();
});
test('lost', async ({ page }) => { await page.goto('http://gone.example.org/'); });
test('endless', async () => { test.setTimeout(200); await new Promise(() => {}); });
test.describe(() => {
    test.describe.configure({ retries: 1 });
    test('flaky', async ({}, info) => { expect(info.retry).toBe(1); });
});
test.skip('later', async () => {});
";

async fn run(client: &Client, mut arguments: Value) -> Answer {
    arguments["wait_s"] = 40.into();
    let begun = client.call("run_e2e", arguments).await;
    let operation = begun.get("/operation/id");
    client.ended(operation).await;
    client.call("operation_status", json!({ "operation": operation })).await
}

fn tests(answer: &Answer) -> &Vec<Value> {
    answer.structured["detail"]["suites"][0]["tests"].as_array().unwrap_or_else(|| panic!("{}", answer.text))
}

/// The text of everything in an archive.
fn unpacked(archive: &Path) -> String {
    let mut archive = zip::ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        let mut bytes = Vec::new();
        archive.by_index(index).unwrap().read_to_end(&mut bytes).unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

#[tokio::test]
async fn a_real_browser_is_told_test_by_test_without_secrets() {
    let house = House::staging().await;
    let canary = house.sandbox.canary.clone();
    let url = page("200 OK", &format!("<h1>Hello</h1><button>{canary}</button><button>b</button>")).await;
    // A directory that the operator keeps ready, with what is installed.
    let directory = house.path("e2e");
    std::fs::create_dir_all(directory.join("tests")).unwrap();
    let installed = given("DEPLOY_OPS_TEST_TOOLS").join("node_modules");
    std::os::unix::fs::symlink(&installed, directory.join("node_modules")).unwrap();
    std::fs::write(directory.join("playwright.config.js"), CONFIGURATION).unwrap();
    std::fs::write(directory.join("tests/site.spec.js"), TESTS).unwrap();
    let node = given("DEPLOY_OPS_TEST_NODE").display().to_string();
    let command = [node.as_str(), "node_modules/@playwright/test/cli.js", "test", "--reporter=json"];
    let suite = format!(
        "command = {command:?}\ndirectory = {:?}\nreport = \"out/report.json\"\nformat = \"playwright\"\n\
         secrets = [\"FORUM_DB_PASSWORD\"]\npictures = true\nenvironment = {{ CHROME_PATH = \"/usr/bin/chromium\" }}",
        directory.display().to_string()
    );
    house.add_tested_service("site", &url, &suite);
    let client = house.server().await;
    let answer = run(&client, json!({ "services": ["site"] })).await;
    let summary = answer.get("/detail/evidence/0/summary");
    assert_eq!(summary, "site/ui: 4 of 6 tests failed, 1 flaky, 1 left out.", "{}", answer.text);
    let of = |name: &str| {
        let begins = |test: &&Value| test["untrusted_text"].as_str().unwrap().contains(&format!("› {name}"));
        tests(&answer).iter().find(begins).unwrap_or_else(|| panic!("{name}: {}", answer.text))
    };
    for (name, status, hint) in [
        ("strict", "failed", "A selector fits more than one element."),
        ("missing [redacted]", "failed", "A selector fits no element that is ready within 400 ms."),
        ("lost", "failed", "The page could not be reached where the test looked for it."),
        ("endless", "failed", "The test did not end within 200 ms."),
        ("flaky", "flaky", ""),
    ] {
        let test = of(name);
        assert_eq!(test["status"], status, "{name}: {test}");
        let hints = test["hints"].as_array().into_iter().flatten();
        let hints: Vec<&str> = hints.filter_map(Value::as_str).collect();
        assert!(hints.concat().starts_with(hint) && hints.len() <= 1, "{name}: {test}");
    }
    let picture = client.read(of("strict")["screenshot"].as_str().unwrap()).await;
    let picture = BASE64_STANDARD.decode(picture).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 1000);
    let whole = client.read(answer.get("/detail/suites/0/resource")).await;

    let again = run(&client, json!({ "services": ["site"], "test": of("missing")["test"] })).await;
    let [alone] = tests(&again).as_slice() else { panic!("{}", again.text) };
    assert_eq!(alone["test"], of("missing")["test"], "{}", again.text);
    let of = |key: &str| alone[key].as_str().unwrap_or_else(|| panic!("{key}: {}", again.text)).to_owned();
    for (key, begin) in [("screenshot", b"\x89PNG".as_slice()), ("video", b"\x1a\x45\xdf\xa3"), ("trace", b"PK")] {
        let file = BASE64_STANDARD.decode(client.read(&of(key)).await).unwrap();
        assert!(file.starts_with(begin) && file.len() > 1000, "{key}: {} bytes", file.len());
    }
    let whole_trace = alone["operator_files"][0].as_str().unwrap_or_else(|| panic!("{}", again.text));
    assert!(client.try_read(&format!("deploy-ops://{whole_trace}")).await.is_err(), "it is for the operator alone");
    let shown = of("trace").replace("deploy-ops://", "");
    let [operators, clients] = [whole_trace, &shown].map(|file| unpacked(&house.path("data").join(file)));
    assert!(operators.contains(&canary), "there is nothing to redact");
    assert!(!clients.contains(&canary), "the secret came out by the trace");
    for event in ["\"type\":\"before\"", "\"type\":\"frame-snapshot\"", "\"method\":\"click\""] {
        assert!(clients.contains(event), "{event} is gone");
    }
    for place in [&answer.raw, &whole, &again.raw, &client.log()] {
        assert!(!place.contains(&canary), "the secret came out");
    }
}
