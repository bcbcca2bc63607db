//! `server.json` of an MCP registry: where a client finds the server, and what it starts it with.

use std::str::FromStr;

use serde_json::{Value, json};

/// The format.
const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
/// What the registry shows; it takes 100 characters.
const DESCRIPTION: &str =
    "Production deployments whose rules the server enforces: dry run, backup, gates, approval, rollback";
/// Where the configuration stands in a container.
const CONFIGURATION: &str = "/etc/deploy-ops";

/// The name of a server in a registry: a domain from behind, and a name below it.
#[derive(Debug, Clone)]
pub(super) struct ServerName(String);

impl FromStr for ServerName {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of = |part: &str, more: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        match text.split_once('/') {
            Some((domain, name)) if of(domain, ".-") && of(name, "._-") && text.len() <= 200 => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("write it as org.example/deploy-ops"),
        }
    }
}

/// A bundle as it can be downloaded.
#[derive(Debug)]
pub(super) struct Bundle<'a> {
    /// From where.
    pub(super) url: &'a str,
    /// SHA-256 of the file, hexadecimal.
    pub(super) sha256: &'a str,
}

/// The entry for a bundle and, where there is one, an image.
pub(super) fn of(name: &ServerName, bundle: &Bundle<'_>, image: Option<&str>) -> Value {
    let stdio = json!({ "type": "stdio" });
    let mut packages = vec![json!({
        "registryType": "mcpb",
        "identifier": bundle.url,
        "fileSha256": bundle.sha256,
        "transport": stdio,
    })];
    packages.extend(image.map(|image| {
        let mount = json!({
            "type": "named",
            "name": "--mount",
            "value": format!("type=bind,src={{configuration}},dst={CONFIGURATION}"),
            "variables": {
                "configuration": {
                    "description": "The directory with deploy-ops.toml and what it names",
                    "format": "filepath",
                    "isRequired": true,
                },
            },
        });
        json!({
            "registryType": "oci",
            "identifier": image,
            "runtimeHint": "docker",
            "runtimeArguments": [mount],
            "transport": stdio,
        })
    }));
    json!({
        "$schema": SCHEMA,
        "name": name.0,
        "title": "deploy-ops",
        "description": DESCRIPTION,
        "version": env!("CARGO_PKG_VERSION"),
        "packages": packages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_domain_and_one_slash() {
        for good in ["org.example/deploy-ops", "io.github.some-one/a_b.c"] {
            assert!(good.parse::<ServerName>().is_ok(), "{good}");
        }
        for bad in ["deploy-ops", "/x", "org.example/", "org.example/a/b", "org_example/a", "org.example/a b"] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad}");
        }
    }
}
