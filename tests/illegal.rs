//! What must not compile: the ways round the rules that the types close.
//!
//! Slow, since the compiler runs on a copy of the project with its own build of the dependencies: only with `SLOW_TESTS=1`,
//! which `.ci/run` sets. `SLOW_TESTS=1 TRYBUILD=overwrite cargo test illegal` writes the expected errors anew; read the diff.

#[test]
fn illegal_programs_do_not_compile() {
    if std::env::var_os("SLOW_TESTS").is_none_or(|value| value != "1") {
        eprintln!("skipped: compile-fail cases run with SLOW_TESTS=1");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/illegal/*.rs");
}
