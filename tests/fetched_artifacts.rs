//! Releases whose artifact GitHub keeps: a file of the tag's release, or what a run of a workflow left.

use std::io::Write as _;

use deploy_ops_mcp::domain::digest::Digest;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    github::Fault,
    github_house::{GitHubHouse, VERSION},
    mcp::{Answer, Client},
};

const FROM_RELEASE: &str = "fetch = { from = \"release\", asset = \"pages-*.tar.gz\" }";
const FROM_LIST: &str =
    "fetch = { from = \"release\", asset = \"pages-*.tar.gz\", checksums = \"SHA256SUMS\" }\nartifact = \"www\"";
const FROM_WORKFLOW: &str = "fetch = { from = \"workflow\", workflow = \"build.yml\", name = \"pages\" }";

/// A house with the service `pages`, whose artifact is fetched.
async fn house(fetch: &str) -> GitHubHouse {
    let house = GitHubHouse::new(&[]).await;
    std::fs::create_dir_all(house.house.path("srv/pages")).unwrap();
    let repository = house.house.path("repository").display().to_string();
    house.house.configure(|text| {
        let games = text.split_once("[services.games.targets.production]").unwrap().1;
        let url = games.lines().find(|line| line.starts_with("url = ")).unwrap().to_owned();
        format!(
            "{text}\n[services.pages]\nrepository = \"{repository}\"\ngithub = \"acme/site\"\n\
             [services.pages.deploy]\nkind = \"release\"\n{fetch}\n\
             [services.pages.targets.production]\nhost = \"here\"\nroot = \"pages\"\n{url}\n"
        )
    });
    house.edit(|site, commit| site.annotated_tag(VERSION, commit));
    house
}

fn tar_gz(files: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn dry_run(client: &Client, version: &str) -> Answer {
    client.call("deploy_service", json!({ "service": "pages", "version": version, "wait_s": 40 })).await
}

#[track_caller]
fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.code(), "ARTIFACT_REFUSED", "{}", answer.text);
    assert!(answer.text.contains(why), "{why}: {}", answer.text);
}

async fn stale(client: &Client, plan: &str) {
    let answer = client.execute("deploy_service", plan).await;
    assert_eq!(answer.code(), "PLAN_STALE", "{}", answer.text);
    assert!(answer.text.contains("artifact on GitHub"), "{}", answer.text);
}

#[tokio::test]
async fn a_file_of_the_tags_release_is_deployed_and_a_replaced_one_is_not() {
    let house = house(FROM_RELEASE).await;
    let client = house.house.server().await;
    let good = tar_gz(&[("index.html", "<title>Pages</title>"), ("css/site.css", "a {}")]);
    refused(&dry_run(&client, VERSION).await, "the tag has no published release");
    let file = house.edit(|site, _| {
        site.release(VERSION);
        site.asset(VERSION, "notes.txt", b"words")
    });
    refused(&dry_run(&client, VERSION).await, "the release has no file pages-*.tar.gz");
    let readiness = json!({ "services": ["pages"], "version": VERSION, "wait_s": 40 });
    assert!(client.call("check_readiness", readiness.clone()).await.blockers().contains(&"ARTIFACT_REFUSED"));
    assert!(file > 0);
    let file = house.edit(|site, _| site.asset(VERSION, "pages-1.tar.gz", &good));
    refused(&dry_run(&client, &house.commit).await, "is a file of a release, and this is a commit");

    let first = dry_run(&client, VERSION).await;
    let fact = format!("file {file} of release {VERSION}, sha256 {}, {} bytes", Digest::of(&good), good.len());
    assert!(first.raw.contains(&fact), "{}", first.text);
    let ready = client.call("check_readiness", readiness).await;
    assert!(ready.text.contains(&format!("The artifact is there: {fact}")), "{}", ready.text);

    // The same bytes under another number are another file.
    house.edit(|site, _| {
        site.releases.all.find_mut("tag_name", VERSION).unwrap()["assets"].as_array_mut().unwrap().pop();
        site.asset(VERSION, "pages-1.tar.gz", &good)
    });
    stale(&client, first.get("/plan/id")).await;
    let second = dry_run(&client, VERSION).await;
    let other = "f".repeat(40);
    house.edit(|site, commit| {
        site.known_commit("side", &other, &"e".repeat(40));
        site.annotated_tag(VERSION, &other);
        assert_ne!(commit, other);
    });
    stale(&client, second.get("/plan/id")).await;
    refused(&dry_run(&client, VERSION).await, "the tag names another commit there");
    assert!(!house.house.path("srv/pages/current").exists(), "nothing was placed");

    house.edit(|site, commit| site.annotated_tag(VERSION, commit));
    house.github.fault_once("GET storage", 1, Fault::Status(502));
    let plan = dry_run(&client, VERSION).await;
    // What is deployed are the bytes that were approved, whatever becomes of GitHub's.
    let asset = house.edit(|site, _| {
        let release = site.releases.all.find("tag_name", VERSION).unwrap();
        release["assets"].as_array().unwrap().last().unwrap()["id"].as_u64().unwrap()
    });
    house.edit(|site, _| site.swap_bytes(asset, b"something else"));
    let done = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let read = |path: &str| std::fs::read_to_string(house.house.path("srv/pages/current").join(path)).unwrap();
    assert_eq!((read("index.html"), read("css/site.css")), ("<title>Pages</title>".to_owned(), "a {}".to_owned()));
    assert!(!client.log().contains(house.github.token()) && !plan.raw.contains(house.github.token()));
}

#[tokio::test]
async fn what_does_not_have_its_digest_or_is_too_old_is_refused() {
    let house = house(FROM_LIST).await;
    let client = house.house.server().await;
    let good = tar_gz(&[("www/index.html", "<title>Pages</title>"), ("notes.txt", "")]);
    let publish = |list: &str| {
        house.edit(|site, _| {
            site.releases.all.remove("tag_name", VERSION);
            site.release(VERSION);
            site.asset(VERSION, "SHA256SUMS", list.as_bytes());
            site.asset(VERSION, "pages-1.tar.gz", &good)
        })
    };
    publish(&format!("{}  pages-2.tar.gz\n", Digest::of(&good)));
    refused(&dry_run(&client, VERSION).await, "does not name it exactly once");
    publish(&format!("{}  pages-1.tar.gz\n", Digest::of(b"other")));
    refused(&dry_run(&client, VERSION).await, "say different digests");
    let list = format!("{}  pages-1.tar.gz\n", Digest::of(&good));
    let file = publish(&list);
    house.edit(|site, _| site.swap_bytes(file, &tar_gz(&[("www/index.html", "<script>")])));
    refused(&dry_run(&client, VERSION).await, "its digest is");
    publish(&list);
    house.edit(|site, _| site.asset(VERSION, "pages-old.tar.gz", &good));
    refused(&dry_run(&client, VERSION).await, "more than one file of the release fits");
    house.github.clock_ahead(SignedDuration::from_hours(-2));
    publish(&list);
    refused(&dry_run(&client, VERSION).await, "it is older than its commit");
    house.github.clock_ahead(SignedDuration::ZERO);
    publish(&list);
    let plan = dry_run(&client, VERSION).await;
    assert!(!plan.is_error && plan.blockers().is_empty(), "{}", plan.text);
    let done = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let there = house.house.path("srv/pages/current");
    assert!(there.join("index.html").is_file() && !there.join("notes.txt").exists());
}

#[tokio::test]
async fn what_a_run_left_counts_when_it_built_exactly_the_commit() {
    let house = house(FROM_WORKFLOW).await;
    let client = house.house.server().await;
    let workflow = house.edit(|site, _| site.workflow("Build", "build.yml"));
    let leave = |state: &str, archive: &[u8], change: &dyn Fn(&mut Value)| {
        house.edit(|site, commit| {
            let run = site.run(workflow, commit, state);
            change(site.actions.runs.find_mut("id", run).unwrap());
            site.artifact(run, "pages", archive)
        })
    };
    let good = zip(&[("index.html", "<title>Pages</title>")]);
    refused(&dry_run(&client, VERSION).await, "no run of the workflow succeeded for the commit");
    leave("failure", &good, &|_| {});
    refused(&dry_run(&client, VERSION).await, "no run of the workflow succeeded for the commit");
    leave("success", &good, &|run| run["event"] = "pull_request".into());
    refused(&dry_run(&client, VERSION).await, "only runs for pull requests succeeded");
    leave("success", &good, &|run| run["head_repository"]["id"] = 666.into());
    refused(&dry_run(&client, VERSION).await, "only runs for pull requests succeeded");
    leave("success", &zip(&[("index.html", "x"), ("../../escaped", "x")]), &|_| {});
    refused(&dry_run(&client, VERSION).await, "an entry would lie outside");
    let left = leave("success", &good, &|_| {});
    house.edit(|site, _| site.actions.artifacts.find_mut("id", left).unwrap()["expired"] = true.into());
    refused(&dry_run(&client, VERSION).await, "its time was over");
    let left = leave("success", &good, &|_| {});
    let plan = dry_run(&client, VERSION).await;
    assert!(plan.raw.contains(&format!("artifact {left} of run")), "{}", plan.text);
    leave("success", &good, &|_| {});
    stale(&client, plan.get("/plan/id")).await;
    let plan = dry_run(&client, &house.commit).await;
    let done = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let page = std::fs::read_to_string(house.house.path("srv/pages/current/index.html")).unwrap();
    assert_eq!(page, "<title>Pages</title>");
    assert!(!house.house.path("data/scratch/escaped").exists() && !house.house.path("data/escaped").exists());
}
