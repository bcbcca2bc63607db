//! The program `deploy-ops`; everything is in [`deploy_ops_mcp::cli`].

use std::process::Termination;

fn main() -> impl Termination {
    deploy_ops_mcp::cli::main(std::env::args_os())
}
