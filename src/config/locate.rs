//! Where the configuration is.

use std::path::{Path, PathBuf};

use super::{defaults, environment};

/// The configuration file: the one named on the command line, else the one that `DEPLOY_OPS_CONFIG` names, else
/// `deploy-ops.toml` in the working directory when it exists. `None` means unconfigured: tools are listed, calls refused.
///
/// A file that was named is not looked for here; [`load`](super::load) says when it is missing.
pub fn locate(named: Option<PathBuf>) -> Option<PathBuf> {
    let from_variable = environment::variable(defaults::FILE_VARIABLE).map(|value| PathBuf::from(value.into_text()));
    choose(named, from_variable, Path::new(defaults::FILE_NAME))
}

fn choose(named: Option<PathBuf>, from_variable: Option<PathBuf>, here: &Path) -> Option<PathBuf> {
    named.or(from_variable).or_else(|| here.exists().then(|| here.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_variable_and_the_variable_over_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().join("deploy-ops.toml");
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(choose(None, None, &here), None);
        std::fs::write(&here, "").unwrap();
        assert_eq!(choose(None, None, &here), Some(here.clone()));
        assert_eq!(choose(None, path("/b"), &here), path("/b"));
        assert_eq!(choose(path("/a"), path("/b"), &here), path("/a"));
    }
}
