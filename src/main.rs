//! The program. The command line is served by the library.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(command), Some(directory)) if command == "detached-run" => {
            deploy_ops_mcp::world::detached::detached_run(Path::new(&directory))
        }
        _ => ExitCode::FAILURE,
    }
}
