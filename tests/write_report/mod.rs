//! Reports: written from the ledger, signed, and read back by a command that names what somebody edited.

mod looks;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::support::{
    mcp::{Client, House},
    stage::program,
};

/// A version goes live and a broken one goes back, in a house with text of others in its outputs.
async fn deployed(house: &House, client: &Client) -> Vec<String> {
    let mut operations = Vec::new();
    for (version, state) in [("v2025.01.13", "succeeded"), ("v2025.01.14", "succeeded"), ("v2025.01.15", "rolled_back")]
    {
        let plan = client.plan("shop", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), state, "{}", done.text);
        operations.push(done.get("/operation/id").to_owned());
    }
    assert_eq!(reports(house).len(), 2 * operations.len());
    operations
}

/// The files in the directory of reports, by name.
fn reports(house: &House) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(house.path("quality-reports")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The report of an operation, in one form.
pub(crate) fn report(house: &House, operation: &str, ending: &str) -> PathBuf {
    let end = format!("{}.{ending}", operation.rsplit('-').next().unwrap());
    let found = reports(house).into_iter().find(|path| path.to_str().unwrap().ends_with(&end));
    found.unwrap_or_else(|| panic!("no {end} in {:?}", reports(house)))
}

/// What `deploy-ops report verify` says of a file, and its exit code.
pub(crate) fn verify(house: &House, file: &Path) -> (i32, String) {
    let mut command = Command::new(program());
    command.arg("--config").arg(&house.sandbox.config).args(["report", "verify"]).arg(file);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_report_tells_everything_and_names_the_first_edited_value() {
    let house = House::staging().await;
    let client = house.server().await;
    let operations = deployed(&house, &client).await;
    let (markdown, html) = (report(&house, &operations[2], "md"), report(&house, &operations[2], "html"));
    assert!(markdown.file_name().unwrap().to_str().unwrap().starts_with("deployment-20"));
    let [text, page] = [&markdown, &html].map(|path| std::fs::read_to_string(path).unwrap());
    for part in [
        "ROLLED BACK",
        "## Verdict: FAILED",
        "| http | FAILED |",
        "## Metrics",
        "| Failures | 1 |",
        "| Rollbacks | 1 |",
        "What was measured is of the version that was taken back",
        "| Restore tested | yes |",
        "| Lighthouse SEO | not measured |",
        "## Timeline",
        "## Quality gates: GREEN",
        "## Smoke checks: failed",
        "## Lighthouse\n\nNot measured in this operation.",
        "restored and equal",
        "## Way back",
        "## Trend",
        "| v2025.01.13, ",
        "| ledger head | ",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(
        !text.contains("| HTTP 200 rate | 100.0 % |"),
        "that is the rate of the version that answers again: {text}"
    );
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:") && !page.contains("<script"));
    for path in [&markdown, &html] {
        let (code, said) = verify(&house, path);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("every value is what the ledger says"), "{said}");
    }

    // A copy elsewhere, with one thing edited.
    let other = std::fs::read_to_string(report(&house, &operations[1], "md")).unwrap();
    let data = |text: &str| text.rsplit_once("report-data\n").unwrap().1.split_once('\n').unwrap().0.to_owned();
    let swapped = text.replace(&data(&text), &data(&other));
    let said = |before: &str| text.split_once(before).unwrap().1.split(" |").next().unwrap().to_owned();
    let head = said("| ledger head | ");
    let cases: &[(&str, String, &[&str])] = &[
        ("md", text.replace("| Rollbacks | 1 |", "| Rollbacks | 0 |"), &["Metrics", "Rollbacks", "“0”", "“1”"]),
        (
            "md",
            text.replace("\"rollbacks\":1", "\"rollbacks\":0"),
            &["report.operation.metrics.rollbacks", "“0”", "“1”"],
        ),
        (
            "md",
            text.replacen("\"outcome\":\"FAIL\"", "\"outcome\":\"PASS\"", 1),
            &["report.evidence[", "outcome", "“PASS”", "“FAIL”"],
        ),
        ("md", text.replace(&head, "999/abcdefabcdef"), &["report.ledger", "999/abcdefabcdef"]),
        ("md", text.replacen("ROLLED BACK", "SUCCEEDED", 1), &["the head", "SUCCEEDED"]),
        ("md", swapped, &["v2025.01.14", "v2025.01.15"]),
        ("md", text.split("<details>").next().unwrap().to_owned(), &["no whole report", "holds no data"]),
        ("md", text.replace("report-data\n{", "report-data\n{]"), &["cannot be read"]),
        ("md", text.replace("\n## Trend", "\nAll is well.\n\n## Trend"), &["All is well."]),
        (
            "html",
            page.replace("<dt>Rollbacks</dt><dd>1<", "<dt>Rollbacks</dt><dd>0<"),
            &["Metrics, Rollbacks", "“0”", "“1”"],
        ),
        ("html", page.replace("✕ </span>FAILED", "✓ </span>SUCCESS"), &["Verdict"]),
        ("html", page.replace("class=\"head bad\"", "class=\"head good\""), &["head good", "head bad"]),
        ("html", page.replace("</main>", "<p>All is well.</p></main>"), &["“p”", "“/main”"]),
        ("html", page.replace("\"rollbacks\":1", "\"rollbacks\":0"), &["report.operation.metrics.rollbacks"]),
    ];
    let copy = house.path("copy");
    for (form, edited, named) in cases {
        assert!(*edited != text && *edited != page, "{named:?}: nothing was edited");
        std::fs::write(&copy, edited).unwrap();
        let (code, said) = verify(&house, &copy);
        assert_eq!(code, 1, "{form} {named:?}: {said}");
        assert!(named.iter().all(|name| said.contains(name)), "{form} {named:?}: {said}");
    }

    // A forged signature, with everything else in place.
    let (begin, end) = text.rsplit_once("\"signature\":\"").map(|(begin, rest)| (begin, &rest[128..])).unwrap();
    std::fs::write(&copy, format!("{begin}\"signature\":\"{}{end}", "ab".repeat(64))).unwrap();
    let (code, said) = verify(&house, &copy);
    assert!(code == 1 && said.contains("signature was edited"), "{said}");

    // Nothing in them is secret.
    for path in reports(&house) {
        assert!(!std::fs::read_to_string(path).unwrap().contains(&house.sandbox.canary));
    }
}

#[tokio::test]
async fn any_ended_operation_has_a_report_when_it_is_asked_for() {
    let house = House::production().await;
    let client = house.server().await;
    let check = client.call("check_readiness", json!({ "services": ["forum"], "wait_s": 40 })).await;
    let id = check.get("/operation/id").to_owned();
    let written = client.call("write_report", json!({ "operation": id, "wait_s": 40 })).await;
    assert_eq!(written.get("/operation/state"), "succeeded", "{}", written.text);
    let (markdown, html) = (report(&house, &id, "md"), report(&house, &id, "html"));
    assert!(written.text.contains(markdown.to_str().unwrap()), "{}", written.text);
    let text = std::fs::read_to_string(&markdown).unwrap();
    for part in [
        "## What stands in the way: 1",
        "BACKUP\\_MISSING",
        "| Quality gates | GREEN |",
        "| HTTP 200 rate | not measured |",
    ] {
        assert!(text.contains(&part.replace("\\_", "_")), "{part} is not in {text}");
    }
    let before = std::fs::read_to_string(&html).unwrap();
    let again = client.call("write_report", json!({ "operation": id, "wait_s": 40 })).await;
    assert_eq!(again.get("/operation/state"), "succeeded", "{}", again.text);
    assert_ne!(std::fs::read_to_string(&html).unwrap(), before, "the head of the ledger has moved on");
    for path in [&markdown, &html] {
        assert_eq!(verify(&house, path).0, 0, "{}", verify(&house, path).1);
    }
    // The earlier one is not the last that was written, and still true.
    std::fs::write(house.path("copy"), before).unwrap();
    assert_eq!(verify(&house, &house.path("copy")).0, 0);

    let missing = "op_01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(client.call("write_report", json!({ "operation": missing })).await.code(), "NOT_FOUND");
    let changed = "UPDATE evidence SET record = REPLACE(record, '\"PASS\"', '\"FAIL\"')";
    let database = house.path("data/state.db");
    assert!(Command::new("sqlite3").arg(&database).arg(changed).status().unwrap().success());
    let (code, said) = verify(&house, &markdown);
    assert!(code == 1 && said.contains("the ledger itself was changed"), "{said}");
}
