//! A reply holds redacted values and nothing else.
use deploy_ops_mcp::engine::Reply;

fn leak(reply: &mut Reply, text: String) {
    reply.text = text;
}

fn main() {}
