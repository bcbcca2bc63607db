//! Asks the linker for what Cargo has no setting for.

#![expect(
    clippy::disallowed_methods,
    reason = "environment variables are how Cargo tells a build script about its target"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    // 30,000 places hold addresses that depend on where the program was loaded. As a packed list (`DT_RELR`, in glibc since 2.36)
    // they take a fiftieth: 0.6 MiB less to load and to read at every start. A linker that does not know the option warns.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
