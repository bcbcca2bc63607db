//! Deployments whose pages are measured and compared once they answer, through the front door.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    e2e_deployments::deployed,
    support::{
        e2e::DEPLOY,
        lighthouse::{self, report},
        mcp::{Answer, House},
        pages::Site,
        stage::program,
    },
    write_report::{report as file_of, verify},
};

const LOOK: &str = "<!doctype html><body style='margin:0;background:#fff'><div style='width:200px;height:100px;background:#00f'></div><p>shown-8Hj2kLq9Xw4r</p>";

/// What can be read on it.
const SHOWN: &str = "shown-8Hj2kLq9Xw4r";
/// How a picture stands in a report.
const WHOLE: &str = "src=\"data:image/png;base64,";

/// A service with one page of its name, which is looked at after a deployment as `after` says.
fn add(house: &House, name: &str, url: &str, after: &str) {
    let repository = house.path("repository").display().to_string();
    fs::create_dir_all(house.path("srv").join(name)).unwrap();
    house.configure(|text| {
        format!(
            "{text}\n[services.{name}]\nrepository = \"{repository}\"\n{after}\n\
             pages = {{ {name} = {{ path = \"/{name}\" }} }}\n\
             [services.{name}.deploy]\nkind = \"script\"\ndry_run_argument = \"--dry-run\"\n\
             script = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
             rollback = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
             [services.{name}.targets.production]\nhost = \"here\"\nroot = \"{name}\"\nurl = \"{url}\"\n"
        )
    });
}

/// State, and judgement of a criterion.
fn outcome<'a>(status: &'a Answer, name: &str) -> (&'a str, &'a str) {
    let operation = &status.structured["detail"]["operation"];
    let criteria = operation["verdict"]["criteria"].as_array().unwrap_or_else(|| panic!("{}", status.text));
    let found = criteria.iter().find(|criterion| criterion["name"] == name);
    (operation["state"].as_str().unwrap(), found.map_or("", |one| one["judgement"].as_str().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lighthouse_measures_decides_as_the_service_says() {
    let (_site, url) = Site::start(&[("/", LOOK)]).await;
    let house = House::staging().await;
    house.commit(&[("deploy.sh", DEPLOY)], "v3");
    let (good, low) = (vec![report(json!(1)); 3], vec![report(json!(1)), report(json!(0.7)), report(json!(0.6))]);
    let (warn, fail) = ("lighthouse = { below = \"warn\" }", "lighthouse = { below = \"fail\" }");
    let cases: [(&str, &str, &[Value], (&str, &str)); 4] = [
        ("good", fail, &good, ("succeeded", "SUCCESS")),
        ("low", warn, &low, ("awaiting_decision", "DEGRADED")),
        ("strict", fail, &low, ("rolled_back", "FAILED")),
        ("unread", fail, &[], ("awaiting_decision", "INCONCLUSIVE")),
    ];
    for (name, after, ..) in &cases {
        add(&house, name, &url, after);
    }
    lighthouse::fake(&house.sandbox, &cases.map(|(name, _, reports, _)| (name, reports)), "");
    let client = house.server().await;
    let statuses = join_all(cases.iter().map(|(name, ..)| deployed(&client, name, "v3"))).await;
    for ((name, .., wanted), status) in cases.iter().zip(&statuses) {
        assert_eq!(outcome(status, "lighthouse"), *wanted, "{name}: {}", status.text);
    }
    let strict = &statuses[2];
    assert!(strict.text.contains("1 of 1 pages miss what they have to reach, 0 could not be measured: performance 70"));
    let metrics = &strict.structured["detail"]["operation"]["metrics"];
    assert_eq!((metrics["failures"].as_u64(), metrics["rollbacks"].as_u64()), (Some(1), Some(1)), "{}", strict.text);
    assert_eq!(metrics["lighthouse_scores"]["performance"], 70, "{}", strict.text);
    let page = fs::read_to_string(file_of(&house, strict.get("/detail/operation/id"), "md")).unwrap();
    assert!(page.contains("| lighthouse | FAILED |") && page.contains("## Lighthouse: failed"), "{page}");

    // A plan is bound to how it is measured.
    let plan = client.plan("good", "v3").await;
    drop(client);
    house.configure(|text| text.replace("[lighthouse]\n", "[lighthouse]\nruns = 5\n"));
    let stale = house.server().await.execute("deploy_service", &plan).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_changed_go_back_where_that_is_wanted_and_are_shown_in_the_report() {
    let (site, url) = Site::start(&[("/", LOOK), ("/strict", LOOK), ("/told", LOOK)]).await;
    let house = House::staging().await;
    for version in ["v3", "v4"] {
        house.commit(&[("deploy.sh", DEPLOY)], version);
    }
    add(&house, "strict", &url, "visual = { changed = \"fail\" }");
    add(&house, "told", &url, "visual = { changed = \"tell\" }");
    let doctor = Command::new(program()).args(["doctor", "--config"]).arg(&house.sandbox.config).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("! pages of strict — 1 of 1 pictures are not accepted"), "{said}");
    let (code, said) = house.talk(&["baseline", "accept", "strict"], &[("type strict: ", "strict")]);
    assert_eq!(code, 0, "{said}");
    let client = house.server().await;
    let (same, told) = tokio::join!(deployed(&client, "strict", "v3"), deployed(&client, "told", "v3"));
    assert_eq!(outcome(&same, "visual"), ("succeeded", "SUCCESS"), "{}", same.text);
    // What nobody accepted decides nothing there, and is said.
    assert_eq!(outcome(&told, "visual"), ("succeeded", ""), "{}", told.text);
    assert!(
        told.text.contains("Looks, which decide nothing here: 0 of 1 pages look as they were accepted."),
        "{}",
        told.text
    );
    site.set("/strict", &LOOK.replace("#00f", "#0f0"));
    let changed = deployed(&client, "strict", "v4").await;
    assert_eq!(outcome(&changed, "visual"), ("rolled_back", "FAILED"), "{}", changed.text);

    // The report shows what was accepted, what there is, and what differs.
    let html = file_of(&house, changed.get("/detail/operation/id"), "html");
    let page = fs::read_to_string(&html).unwrap();
    let pictures: Vec<Vec<u8>> = page
        .split(WHOLE)
        .skip(1)
        .map(|rest| BASE64_STANDARD.decode(rest.split('"').next().unwrap()).unwrap())
        .collect();
    let colours: Vec<[u8; 3]> = pictures.iter().map(|png| pixel(png, 100, 50)).collect();
    assert_eq!(colours, [[0, 0, 255], [0, 255, 0], [220, 0, 40]]);
    for part in
        ["strict on desktop", "20 ‰ differ, 1 may. Changed: 20 ‰ differ.", "<figcaption>difference</figcaption>"]
    {
        assert!(page.contains(part), "{part}");
    }
    let (code, said) = verify(&house, &html);
    assert_eq!(code, 0, "{said}");
    // Another picture in its place is found, and a word of the text also when the pictures are not kept any more.
    let swapped = page.replace(&BASE64_STANDARD.encode(&pictures[1]), &BASE64_STANDARD.encode(&pictures[0]));
    let edited = page.replace("20 ‰ differ, 1 may", "0 ‰ differ, 1 may");
    let copy = house.path("copy");
    for state in ["kept", "changed", "gone"] {
        match state {
            "changed" => change_records(&house),
            "gone" => fs::remove_dir_all(house.path("data/looks")).unwrap(),
            _ => {}
        }
        for (text, named) in [(&swapped, "sha256:"), (&edited, "0 ‰ differ")] {
            assert!(*text != page, "{named}: nothing was edited");
            fs::write(&copy, text).unwrap();
            let (code, said) = verify(&house, &copy);
            assert!(code == 1 && said.contains("Looks") && said.contains(named), "{state} {named}: {said}");
        }
        assert_eq!(verify(&house, &html).0, 0, "{state}");
    }

    // What a chat asked for is kept as well, without the pictures that are gone.
    let seen = client.call("take_screenshot", json!({ "service": "strict" })).await;
    let calls = seen.structured["next"].as_array().unwrap();
    let report = calls.iter().find(|call| call["tool"] == "write_report").unwrap_or_else(|| panic!("{}", seen.text));
    let written = client.call("write_report", report["arguments"].clone()).await;
    assert_eq!(written.get("/operation/state"), "succeeded", "{}", written.text);
    let html = file_of(&house, report["arguments"]["operation"].as_str().unwrap(), "html");
    assert_eq!(fs::read_to_string(&html).unwrap().matches(WHOLE).count(), 3);
    assert_eq!(verify(&house, &html).0, 0);

    // What can be read on the pictures becomes a secret: they are not shown any more.
    drop(client);
    let late = house.path("secrets/late");
    fs::write(&late, SHOWN).unwrap();
    fs::set_permissions(&late, fs::Permissions::from_mode(0o600)).unwrap();
    house.configure(|text| text.replace("[secrets]\n", &format!("[secrets]\nLATE = \"file:{}\"\n", late.display())));
    let client = house.server().await;
    let written = client.call("write_report", report["arguments"].clone()).await;
    assert_eq!(written.get("/operation/state"), "succeeded", "{}", written.text);
    let withheld = fs::read_to_string(&html).unwrap();
    assert!(!withheld.contains(WHOLE) && withheld.matches("src=\"data:,sha256:").count() == 3);
    assert_eq!(verify(&house, &html).0, 0);
}

/// Makes the records of looks say that nothing differs.
fn change_records(house: &House) {
    for look in fs::read_dir(house.path("data/looks")).unwrap() {
        let record = look.unwrap().path().join("look.json");
        let text = fs::read_to_string(&record).unwrap();
        fs::write(&record, text.replace("20 ‰", "0 ‰").replace("permille\":20", "permille\":0")).unwrap();
    }
}

/// The colour of the pixel at a place.
fn pixel(png: &[u8], x: usize, y: usize) -> [u8; 3] {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let at = (y * info.width as usize + x) * 3;
    bytes[at..at + 3].try_into().unwrap()
}
