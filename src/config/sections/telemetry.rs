//! `[telemetry]`

use std::path::{Path, PathBuf};

use url::{Host, Url};

use crate::{
    config::{names::Names, raw::Item},
    domain::inventory::Telemetry,
};

const KEYS: &[&str] = &["traces", "token", "metrics_file"];

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<Telemetry> {
    let section = item.section(KEYS)?;
    let token = section.optional("token").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    if section.optional("token").is_some() && section.optional("traces").is_none() {
        item.error("token is given, but no traces", "add traces = \"https://…/v1/traces\", or remove token");
    }
    Some(Telemetry {
        traces: section.optional("traces").and_then(|item| traces(&item)),
        token,
        metrics_file: section.optional("metrics_file").and_then(|item| metrics_file(&item)),
    })
}

/// A plain `http` is good for this machine alone: names of services and a token go there.
fn traces(item: &Item<'_>) -> Option<Url> {
    let url = item.web_url()?;
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() != "https" && !loopback {
        item.error("must be https, or a collector on this machine", "write it as http://127.0.0.1:4318/v1/traces");
        return None;
    }
    Some(url)
}

/// Collectors read only files that end so.
fn metrics_file(item: &Item<'_>) -> Option<PathBuf> {
    let text = item.text()?;
    let path = Path::new(text);
    if !path.is_absolute() || path.extension().is_none_or(|ending| ending != "prom") {
        item.error(
            "is not an absolute path that ends in .prom",
            "write it as /var/lib/prometheus/node-exporter/deploy_ops.prom",
        );
        return None;
    }
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[telemetry]\ntrace = \"x\"", 2, "unknown key trace in telemetry", "did you mean traces?"),
            (
                "[telemetry]\ntraces = \"http://collector.example.org/v1/traces\"",
                2,
                "telemetry.traces: must be https",
                "write it as http://127.0.0.1",
            ),
            ("[telemetry]\ntoken = \"CRM_DB_PASSWORD\"", 1, "telemetry: token is given, but no traces", "add traces"),
            (
                "[telemetry]\nmetrics_file = \"metrics.txt\"",
                2,
                "telemetry.metrics_file: is not an absolute path that ends in .prom",
                "write it as",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
