//! Host and Origin: against pages that point their own name at this machine (DNS rebinding).

use http::{HeaderMap, Uri, header, uri::Authority};

/// The names that this server answers to, and the pages that may connect.
#[derive(Debug, Clone)]
pub struct Allowed {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Allowed {
    /// Hosts with or without a port; origins as browsers write them, `:*` for any port.
    pub fn new(hosts: Vec<String>, origins: Vec<String>) -> Self {
        let lower = |names: Vec<String>| names.into_iter().map(|name| name.to_lowercase()).collect();
        Self { hosts: lower(hosts), origins: lower(origins) }
    }

    /// Whether the request came by a name of ours, and from no page or one of ours. A missing Host is refused.
    pub fn admits(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        self.host(uri, headers) && self.origin(headers)
    }

    fn host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let Ok(host) = host.to_str().unwrap_or_default().parse::<Authority>() else {
            return false;
        };
        // A target with its own host overrides the header, so it has to be one of ours too.
        self.knows(&host) && uri.authority().is_none_or(|target| self.knows(target))
    }

    fn knows(&self, authority: &Authority) -> bool {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        let with_port = authority.as_str().to_lowercase();
        !authority.as_str().contains('@') && self.hosts.iter().any(|host| *host == name || *host == with_port)
    }

    fn origin(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return true;
        };
        let origin = origin.to_str().unwrap_or_default().to_lowercase();
        origins.next().is_none() && self.origins.iter().any(|allowed| fits(allowed, &origin))
    }
}

fn fits(allowed: &str, origin: &str) -> bool {
    match allowed.strip_suffix(":*") {
        None => allowed == origin,
        Some(any_port) => origin.strip_prefix(any_port).is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(host: &str, origin: Option<&str>) -> bool {
        let allowed = Allowed::new(
            vec!["localhost".into(), "127.0.0.1".into(), "::1".into(), "ops.example.org".into()],
            vec!["http://localhost:*".into(), "https://ops.example.org".into()],
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        allowed.admits(&Uri::from_static("/mcp"), &headers)
    }

    #[test]
    fn own_names_and_own_pages_come_in() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "ops.example.org:443"] {
            assert!(admits(host, None), "{host}");
        }
        for origin in ["http://localhost", "http://localhost:5173", "https://ops.example.org"] {
            assert!(admits("localhost", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn foreign_names_and_foreign_pages_stay_out() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "user@localhost",
            "localhost@evil.example",
            "127.0.0.1.nip.io",
            "",
        ] {
            assert!(!admits(host, None), "{host}");
        }
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost.evil.example",
            "http://localhost:80@evil.example",
            "https://localhost",
            "http://ops.example.org",
            "https://ops.example.org.evil.example",
            "http://localhost:99999",
        ] {
            assert!(!admits("localhost", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_request_without_a_host_stays_out() {
        let allowed = Allowed::new(vec!["localhost".into()], vec![]);
        assert!(!allowed.admits(&Uri::from_static("/mcp"), &HeaderMap::new()));
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost".parse().unwrap());
        assert!(!allowed.admits(&Uri::from_static("http://evil.example/mcp"), &headers));
    }
}
