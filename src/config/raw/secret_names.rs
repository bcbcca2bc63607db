//! Names that belong to secrets, to find values that should have been references.

/// Whether a variable or an option of this name would hold a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('-').replace('-', "_").to_ascii_uppercase();
    name.split('_').any(|part| WORDS.contains(&part)) || PAIRS.iter().any(|pair| name.contains(pair))
}

/// Whether an argument gives a secret as `--name=value`. What is filled in, and paths of files, are no secrets.
pub(crate) fn holds_secret(argument: &str) -> bool {
    let value_of =
        |(name, value): (&str, &str)| is_secret_name(name) && !value.is_empty() && !value.starts_with(['{', '/']);
    argument.split_once('=').is_some_and(value_of)
}

const WORDS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "DSN",
];
const PAIRS: [&str; 7] =
    ["API_KEY", "PRIVATE_KEY", "ACCESS_KEY", "SECRET_KEY", "APP_KEY", "ENCRYPTION_KEY", "DATABASE_URL"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_name() {
        for secret in ["DB_PASSWORD", "--db-password", "token", "STRIPE_API_KEY", "DATABASE_URL"] {
            assert!(is_secret_name(secret), "{secret}");
        }
        for harmless in ["DRUSH_PHP", "--version", "KEYBOARD", "MONKEY", "BYPASS", "COMPASS_URL"] {
            assert!(!is_secret_name(harmless), "{harmless}");
        }
        assert!(holds_secret("--password=hunter2"));
        for harmless in ["--password-file=/run/x", "--token={version}", "--name=crm", "password", "--token="] {
            assert!(!holds_secret(harmless), "{harmless}");
        }
    }
}
