//! A permit cannot come from a file, a request or a client.
use deploy_ops_mcp::policy::Permit;
use serde::Deserialize as _;

fn read(text: &str) -> Option<Permit> {
    Permit::deserialize(&mut serde_json::Deserializer::from_str(text)).ok()
}

fn main() {}
