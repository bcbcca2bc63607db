//! A permit cannot come from a file, a request or a client.
use deploy_ops_mcp::policy::Permit;

fn read(text: &str) -> Option<Permit> {
    serde_json::from_str(text).ok()
}

fn main() {}
