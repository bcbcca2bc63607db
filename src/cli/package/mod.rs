//! `deploy-ops package DIRECTORY`: what is published of this program, made by itself, so that it says what the program does.

mod manifest;
mod registry;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use registry::{Bundle, ServerName};
use serde_json::Value;

use super::{Exit, terminal::Terminal, wire};
use crate::{
    domain::digest::Digest,
    tools,
    world::bundle::{self, Entry},
};

/// What stands beside the program: whoever has it may use it.
const LICENSE: &str = include_str!("../../../LICENSE-MIT");

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to write; files of the same names are replaced.
    directory: PathBuf,
    /// The program to pack; else this one. For one that was signed or stripped since it was built.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Also write server.json for a registry, under this name: org.example/deploy-ops.
    #[arg(long, value_name = "DOMAIN/NAME", requires = "url")]
    name: Option<ServerName>,
    /// With --name: where the bundle will be downloaded from.
    #[arg(long, value_name = "URL", requires = "name", value_parser = https)]
    url: Option<String>,
    /// With --name: the image, with its tag, when there is one.
    #[arg(long, value_name = "IMAGE", requires = "name")]
    image: Option<String>,
}

fn https(text: &str) -> Result<String, &'static str> {
    let url = url::Url::parse(text).map_err(|_| "write it as https://example.org/deploy-ops.mcpb")?;
    if url.scheme() == "https" { Ok(text.to_owned()) } else { Err("it has to begin with https://") }
}

pub(super) fn run(options: &Options, terminal: &Terminal) -> Exit {
    match write(options) {
        Ok(files) => {
            for file in files {
                terminal.line(&file.display().to_string());
            }
            Exit::Done
        }
        Err(error) => {
            terminal.mistake(&format!("the package cannot be written into {}: {error}", options.directory.display()))
        }
    }
}

/// Writes the files, and returns them.
fn write(options: &Options) -> io::Result<Vec<PathBuf>> {
    let program = options.program.clone().unwrap_or_else(wire::runner);
    let program = fs::read(&program)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", program.display())))?;
    fs::create_dir_all(&options.directory)?;
    let manifest = pretty(&manifest::of(&tools::all()))?;
    let name =
        format!("deploy-ops-{}-{}-{}.mcpb", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let bundle = options.directory.join(name);
    bundle::write(
        &bundle,
        &[
            Entry { name: "manifest.json", bytes: manifest.as_bytes(), runs: false },
            Entry { name: manifest::PROGRAM, bytes: &program, runs: true },
            Entry { name: "LICENSE-MIT", bytes: LICENSE.as_bytes(), runs: false },
        ],
    )?;
    let mut files = vec![put(&options.directory, "manifest.json", &manifest)?, bundle.clone()];
    if let (Some(name), Some(url)) = (&options.name, &options.url) {
        let sha256 = Digest::of(&fs::read(&bundle)?).to_string();
        let entry = registry::of(name, &Bundle { url, sha256: &sha256 }, options.image.as_deref());
        files.push(put(&options.directory, "server.json", &pretty(&entry)?)?);
    }
    Ok(files)
}

fn pretty(value: &Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn put(directory: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let file = directory.join(name);
    fs::write(&file, text)?;
    Ok(file)
}
