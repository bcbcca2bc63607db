//! What is published of the program says what the program does, and the formats' own tools take it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use deploy_ops_mcp::{domain::digest::Digest, tools};
use serde_json::{Value, json};

use crate::support::{
    e2e::given,
    mcp::{Client, House},
    stage::program,
};

const URL: &str = "https://example.org/releases/deploy-ops.mcpb";
const IMAGE: &str = "registry.example.org/deploy-ops:0.1.0";

/// Packs a small program: this one is large while it has the names of its functions in it.
fn package(directory: &Path, more: &[&str]) -> Output {
    let small = directory.join("small");
    fs::write(&small, "#!/bin/sh\necho packed\n").unwrap();
    let mut command = Command::new(program());
    command.arg("package").arg(directory.join("out")).arg("--program").arg(small).args(more).output().unwrap()
}

/// The tool that comes with the format of bundles.
fn mcpb(arguments: &[&Path]) -> Output {
    let tool = given("DEPLOY_OPS_TEST_TOOLS").join("node_modules/@anthropic-ai/mcpb/dist/cli/cli.js");
    Command::new(given("DEPLOY_OPS_TEST_NODE")).arg(tool).args(arguments).output().unwrap()
}

fn json_of(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn bundle_in(directory: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(directory.join("out")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "mcpb")).unwrap()
}

#[test]
fn the_bundle_is_one_for_the_tool_of_its_format() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let made = package(directory.path(), &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let manifest = at("out/manifest.json");
    let valid = mcpb(&[Path::new("validate"), &manifest]);
    assert!(
        valid.status.success(),
        "{}{}",
        String::from_utf8_lossy(&valid.stdout),
        String::from_utf8_lossy(&valid.stderr)
    );
    let unpacked = mcpb(&[Path::new("unpack"), &bundle_in(directory.path()), &at("unpacked")]);
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    assert_eq!(fs::read(at("unpacked/manifest.json")).unwrap(), fs::read(&manifest).unwrap());
    assert_eq!(fs::read(at("unpacked/server/deploy-ops")).unwrap(), fs::read(at("small")).unwrap());
    assert_eq!(fs::metadata(at("unpacked/server/deploy-ops")).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(at("unpacked/LICENSE-MIT").exists());
    assert!(!at("out/server.json").exists(), "nobody said where it will be found");
    // Bytes that are the same each time can be compared by whoever builds it again.
    let first = fs::read(bundle_in(directory.path())).unwrap();
    assert!(package(directory.path(), &[]).status.success());
    assert_eq!(fs::read(bundle_in(directory.path())).unwrap(), first);
    // The tool would have said so.
    let mut broken = json_of(&manifest);
    broken.as_object_mut().unwrap().remove("author");
    fs::write(&manifest, broken.to_string()).unwrap();
    assert!(!mcpb(&[Path::new("validate"), &manifest]).status.success());
}

#[tokio::test]
async fn the_manifest_starts_a_server_with_the_tools_that_it_names() {
    let directory = tempfile::tempdir().unwrap();
    assert!(package(directory.path(), &[]).status.success());
    let manifest = json_of(&directory.path().join("out/manifest.json"));
    let house = House::staging().await;
    let config = house.sandbox.config.display().to_string();
    let start = &manifest["server"]["mcp_config"];
    assert_eq!(start["command"], "${__dirname}/server/deploy-ops");
    let arguments = start["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
    let mut command = tokio::process::Command::new(program());
    command.args(arguments.map(|argument| argument.replace("${user_config.configuration}", &config)));
    let client = Client::start(command).await;
    let served: Vec<Value> = client
        .tools
        .iter()
        .map(|tool| json!({ "name": tool.name, "description": tool.description.as_deref().unwrap_or_default() }))
        .collect();
    assert_eq!(manifest["tools"], json!(served));
    assert_eq!(served.len(), tools::all().len());
}

/// What the schema of 2025-12-11 wants, as far as it is ours to get wrong.
#[test]
fn the_registry_entry_names_the_bundle_by_its_digest_and_the_image() {
    let directory = tempfile::tempdir().unwrap();
    let made = package(directory.path(), &["--name", "org.example/deploy-ops", "--url", URL, "--image", IMAGE]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let entry = json_of(&directory.path().join("out/server.json"));
    assert_eq!(entry["$schema"], "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json");
    assert_eq!(entry["name"], "org.example/deploy-ops");
    assert_eq!(entry["version"], env!("CARGO_PKG_VERSION"));
    for (text, most) in [("description", 100), ("title", 100)] {
        assert!((1..=most).contains(&entry[text].as_str().unwrap().chars().count()), "{text}");
    }
    let bundle = Digest::of(&fs::read(bundle_in(directory.path())).unwrap()).to_string();
    let [packed, image] = entry["packages"].as_array().unwrap().as_slice() else { panic!("{entry}") };
    assert_eq!(
        *packed,
        json!({ "registryType": "mcpb", "identifier": URL, "fileSha256": bundle, "transport": { "type": "stdio" } })
    );
    assert_eq!((&image["registryType"], &image["identifier"]), (&json!("oci"), &json!(IMAGE)));
    // An image carries its version in its tag, and a runtime's arguments want its name.
    assert!(image.get("version").is_none() && image["runtimeHint"] == "docker");
    let mount = &image["runtimeArguments"][0];
    assert_eq!((&mount["type"], &mount["name"]), (&json!("named"), &json!("--mount")));
    let variables: Vec<&String> = mount["variables"].as_object().unwrap().keys().collect();
    assert!(variables.iter().all(|name| mount["value"].as_str().unwrap().contains(&format!("{{{name}}}"))), "{mount}");
}

#[test]
fn what_cannot_be_published_is_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    for more in [
        &["--name", "deploy-ops", "--url", URL][..],
        &["--name", "org.example/deploy-ops"],
        &["--name", "org.example/deploy-ops", "--url", "http://example.org/x.mcpb"],
        &["--image", IMAGE],
    ] {
        let refused = package(directory.path(), more);
        assert_eq!(refused.status.code(), Some(2), "{more:?}: {}", String::from_utf8_lossy(&refused.stderr));
    }
}
