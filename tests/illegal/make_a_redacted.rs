//! Only the redactor says that something is redacted.
use deploy_ops_mcp::redact::Redacted;

fn pretend(text: String) -> Redacted<String> {
    Redacted { 0: text }
}

fn main() {}
