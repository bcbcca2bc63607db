//! Words of key names and of values, in the languages operators write. Lower case, sorted by theme.

/// A name with one of these words asks for its value to be masked.
#[rustfmt::skip]
pub(super) const SECRET_WORDS: &[&str] = &[
    "password", "passwords", "passwd", "passwrd", "passwort", "passwörter", "passwordhash", "pass", "pwd", "pswd",
    "psw", "passphrase", "passphrases", "passcode", "passcodes", "passkey", "pw", "pword", "secret", "token",
    "apikey", "apitoken", "apisecret", "apipassword", "appsecret", "credential", "cred", "creds", "psk", "kennwort",
    "kennwörter", "geheimnis", "geheim", "geheimwort", "losung", "schlüsselwort", "zugangscode", "zugangsdaten",
    "zugangsschlüssel", "contraseña", "contrasena", "contrasenya", "contrasinal", "clave", "motdepasse", "mdp",
    "passe", "senha", "palavra-passe", "wachtwoord", "lösenord", "losenord", "adgangskode", "passord", "salasana",
    "hasło", "haslo", "heslo", "parola", "parole", "şifre", "sifre", "jelszó", "jelszo", "пароль", "секрет", "密码",
    "密碼", "口令", "密钥", "パスワード", "비밀번호", "lozinka", "geslo", "parool", "salasõna", "privatekey", "secretkey",
    "accesskey", "authkey", "signingkey", "encryptionkey", "masterkey", "sharedkey", "accountkey", "licensekey",
    "licencekey", "authtoken", "accesstoken", "refreshtoken", "idtoken", "bearertoken", "csrftoken", "sessiontoken",
    "clientsecret", "sharedsecret", "mnemonic", "seedphrase", "totpsecret", "requirepass", "masterauth", "rootpw",
    "bindpw", "userpassword", "sasl_passwd", "pepper", "keypass", "storepass", "passin", "passout", "xprv",
    "jwtsecret", "cookiesecret", "tokensecret", "hmackey", "apppassword", "keyphrase", "passwordvalue",
    "webhooksecret", "dbpass", "dbpassword", "dbpw", "sshpass", "userpass", "unlockkey", "deploykey", "ciphertext",
    "preshared", "presharedkey", "cryptkey", "codeword", "codewort", "losungswort", "geheimzahl", "geheimcode",
    "kennziffer", "kenncode", "sicherheitsantwort", "kodeord", "лозинка", "κωδικός", "סיסמה", "parolă", "wachtzin",
    "authtok", "bindcredentials", "kennw", "passw", "zahlenkombination", "tresorcode", "toegangscode",
    "lösenordet", "passordet", "kodeordet",
];

/// Endings that make a run-together word a secret name (`ftppassword`, `dbpass`).
#[rustfmt::skip]
pub(super) const SECRET_ENDINGS: &[&str] = &[
    "password", "passwort", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "apikey", "kennwort",
    "pass", "secretkey", "privatekey", "accesskey", "authkey", "signkey", "enckey", "geheimnis", "contraseña",
    "wachtwoord", "pword", "pswd", "psk",
];

/// Beginnings that do (`passwordprod`); what follows must not be one of `METADATA`.
#[rustfmt::skip]
pub(super) const SECRET_BEGINNINGS: &[&str] = &[
    "password", "passwd", "passwort", "passphrase", "kennwort",
];

/// Ordinary words that end like a secret name.
#[rustfmt::skip]
pub(super) const NOT_SECRET: &[&str] = &[
    "compass", "bypass", "trespass", "encompass", "overpass", "surpass", "underpass", "secretary", "passenger",
    "passengers", "passive", "passing", "passed", "passes", "multipass", "onepass", "singlepass", "lastpass",
    "keepass", "renderpass", "subpass", "lowpass", "highpass", "bandpass", "nopass", "tokens", "proxypass",
    "sshpass", "impass", "impasse", "fastcgipass", "nopasswd", "passwdqc", "gopass", "singletoken", "getpass",
    "minipass", "fs-minipass", "setpass",
];

/// A last word of these describes a secret instead of holding it (`password_length`).
#[rustfmt::skip]
pub(super) const METADATA: &[&str] = &[
    "id", "ids", "uuid", "name", "names", "length", "len", "size", "count", "counts", "type", "types", "ttl",
    "expiry", "expires", "expiration", "expired", "expire", "expirein", "expiresin", "in", "at", "on", "by", "url",
    "urls", "uri", "endpoint", "path", "paths", "file", "files", "filename", "dir", "directory", "policy",
    "policies", "required", "enabled", "disabled", "valid", "validity", "validator", "validation", "validators",
    "age", "version", "versions", "field", "fields", "label", "hint", "prompt", "strength", "algorithm", "alg",
    "algo", "limit", "limits", "rate", "status", "state", "error", "errors", "min", "max", "minimum", "maximum",
    "format", "prefix", "suffix", "header", "headers", "param", "params", "parameter", "index", "idx", "provider",
    "providers", "manager", "method", "mode", "scope", "scopes", "audience", "issuer", "rotation", "lifetime",
    "timeout", "retries", "class", "column", "columns", "table", "role", "roles", "group", "groups", "needed",
    "exists", "checked", "used", "usage", "budget", "total", "per", "sec", "window", "source", "ref", "refs",
    "reference", "references", "arn", "from", "created", "updated", "changed", "modified", "date", "time",
    "timestamp", "days", "hours", "minutes", "seconds", "ms", "reset", "resets", "less", "changes", "attempts",
    "attempt", "failures", "failure", "complexity", "history", "rules", "rule", "encoder", "hasher", "hashers",
    "generator", "service", "services", "server", "host", "port", "user", "username", "users", "account",
    "accounts", "owner", "email", "command", "cmd", "script", "handler", "helper", "helpers", "util", "utils",
    "factory", "builder", "parser", "store", "stores", "storage", "cache", "bucket", "buckets", "review", "reviews",
    "requests", "request", "response", "verification", "verified", "view", "controller", "form", "page", "template",
    "templates", "test", "tests", "spec", "schema", "model", "module", "plugin", "config", "configs", "query",
    "attrs", "attributes", "encryption", "based",
    "configuration", "settings", "options", "option", "support", "callback", "listener", "interface", "impl",
    "error_message", "message", "messages", "text", "title", "description", "comment", "placeholder",
    "confirmation_required", "protected", "protection", "protect", "rotated", "authentication", "login", "logins",
    "managers", "scanning", "scanner", "leak", "mount", "mounts", "volume", "volumes", "backend", "engine", "grant",
    "flow", "exchange", "introspection", "revocation", "refresh", "set", "present", "missing", "loaded", "found",
    "ok", "invalid", "kind", "level", "display", "visible", "hidden", "toggle", "input", "inputs", "element",
    "selector", "xpath", "counter", "position", "offset", "start", "end", "line", "span", "stream", "iterator",
    "kinds", "ring", "space", "agent", "askpass", "only", "auth_method", "cost", "pattern", "regex", "regexp",
    "charset", "chars", "characters", "link", "links", "manager_url", "identifier", "num", "number", "fingerprint",
    "thumbprint", "digest", "checksum", "md", "last", "duration", "interval", "period", "ratio", "percent", "speed",
    "throughput", "allowed", "forbidden", "denied", "disable", "enable", "require", "bits", "allow", "deny",
    "detection", "event", "events", "audit", "log", "logs", "metric", "metrics", "task", "job", "jobs", "worker",
    "processor", "filter", "middleware", "guard", "strategy", "adapter", "client", "clients", "api", "screen",
    "button", "icon", "dialog", "forgot", "forgotten", "namespace", "location", "region", "environment",
    "visibility", "permission", "permissions", "attribute", "attributes", "property", "hashed", "encrypted",
    "lookup", "blocklist", "denylist", "list", "lists", "tag", "tags", "delimiter", "separator", "rev", "revision",
    "key_id", "stats", "sum", "queue", "topic", "owner_id", "annotation", "binding", "resource", "resources", "crd",
    "operator", "controllers", "accessor", "success", "successful", "failed", "pending", "active", "inactive",
    "reqd", "encode", "decode", "length_min", "iterations", "rounds", "memory", "timeouts",
];

/// Names ending so are secrets although their last word is metadata.
#[rustfmt::skip]
pub(super) const SECRET_DESPITE: &[&str] =
    &[
    "secret_id", "secret-id", "secretid", "dbauth", "smtpauth", "smtp_auth", "sst_auth", "token_secret_id",
    "bind_credentials", "bind_credential",
];

/// `key` after one of these words is a secret key.
#[rustfmt::skip]
pub(super) const KEY_QUALIFIERS: &[&str] = &[
    "api", "access", "secret", "private", "priv", "signing", "sign", "sig", "signature", "encryption", "encrypt",
    "encrypted", "encryptor", "enc", "crypt", "crypto", "cipher", "aes", "des", "master", "shared", "account",
    "storage", "auth", "authentication", "authorization", "hmac", "jwt", "jws", "jwe", "license", "licence",
    "lizenz", "app", "application", "admin", "webhook", "service", "client", "session", "cookie", "site", "cred",
    "credential", "install", "installation", "activation", "integration", "ingest", "ingestion", "subscription",
    "routing", "product", "recovery", "security", "user", "write", "stripe", "google", "maps", "server", "fernet",
    "vapid", "sendgrid", "openai", "anthropic", "mailgun", "twilio", "aws", "azure", "gcp", "unseal", "unlock",
    "root", "backup", "restic", "borg", "luks", "wifi", "wpa", "wireguard", "preshared", "pre-shared", "tls", "ssl",
    "rsa", "ec", "ecdsa", "ed25519", "age", "gpg", "pgp", "deploy", "deployment", "pass", "password", "token",
    "hash", "salt", "blowfish", "erlang", "tsig", "rndc", "dkim", "siwe", "wallet", "nextauth", "payload", "rails",
    "laravel", "symfony", "django", "flask", "data-encryption", "kms", "sas", "rest", "instrumentation",
    "telemetry", "datadog", "dd", "newrelic", "sentry", "bugsnag", "rollbar", "gossip", "serf", "consul",
    "publisher", "gateway", "merchant", "billing", "payment", "live", "prod", "production", "partner", "mobile",
    "push", "fcm", "firebase", "snmp", "radius", "tacacs", "bgp", "ospf", "ike", "ipsec", "vpn", "join", "node",
    "cluster", "enrollment", "enrolment", "registration", "provisioning", "bootstrap", "wlan", "network", "netzwerk",
    "bitlocker", "filevault", "2fa", "mfa", "otp", "totp", "authenticator", "guest", "zip", "volume", "disk",
    "emergency", "setup", "pairing", "psk", "local", "function", "device",
];

/// `key` after one of these words is not secret.
#[rustfmt::skip]
pub(super) const KEY_HARMLESS: &[&str] = &[
    "public", "pub", "primary", "foreign", "cache", "sort", "partition", "row", "index", "unique", "composite",
    "map", "dict", "idempotency", "object", "translation", "i18n", "config", "env", "registry", "lookup", "group",
    "issue", "project", "route", "json", "xml", "hot", "arrow", "candidate", "natural", "surrogate",
    "host", "known", "shard", "sharding", "hash-range", "range", "metric", "label", "setting", "option", "property",
    "dedup", "dedupe", "lock", "s3", "message", "routing-hash", "storage-path", "limit", "ratelimit", "tag", "meta",
    "menu", "tab", "answer", "event", "field", "column", "entity", "record", "feature", "flag", "data-testid",
    "query", "react", "cluster-index", "header", "sequence", "duplicate", "any", "missing", "parent", "child",
    "document", "attribute", "no", "the", "a",
];

/// Words whose values are masked only when the value itself looks like a secret.
#[rustfmt::skip]
pub(super) const WEAK_WORDS: &[&str] = &[
    "key", "keys", "auth", "authorization", "authentication", "session", "sess", "sid", "cookie", "cookies", "csrf",
    "xsrf", "salt", "seed", "nonce", "bearer", "jwt", "license", "licence", "lizenz", "serial", "signature", "sig",
    "otp", "totp", "hotp", "mfa", "2fa", "tan", "pin", "puk", "cvv", "cvc", "iban", "webhook", "hook", "dsn",
    "private", "priv", "signing", "sign", "encryption", "encrypt", "encrypted", "crypt", "crypto", "cipher", "hmac",
    "vault", "unlock", "unseal", "activation", "activate", "invite", "invitation", "magic", "challenge",
    "community", "sas", "tokens", "secrets", "credentials", "schlüssel", "schluessel", "llave", "clé", "chiave",
    "chave", "klucz", "nøgle", "nyckel", "sleutel", "ключ", "keytab", "keyfile", "fernet", "blowfish", "recovery",
    "connection", "connectionstring", "connstr", "conn", "dpapi", "verifier", "verification", "einmalcode", "code",
    "codes", "zugang", "accesscode", "entropy", "keystore", "truststore", "pfx", "p12", "jks", "sharedaccess",
    "login", "ticket", "assertion", "saml", "samlresponse", "passhash", "pwhash", "digestauth", "anonkey",
    "servicerole", "pat", "identity", "guid-secret", "sso", "oauth", "oauth2", "oidc", "impersonate", "kek", "dek",
    "cmk", "mk", "tek", "rcon", "ikm", "prk", "hkdf", "mac-key", "keymaterial", "material", "witness", "share",
    "shard-secret", "backup", "api", "bot", "smtp", "bind", "registration", "enrollment", "onboarding",
    "provisioning", "bootstrap", "join", "reset", "confirm", "confirmation", "approval", "claim", "voucher",
    "coupon", "gutschein", "safe", "tresor", "door", "alarm", "badge", "keypad", "sim", "esim", "wifi", "wlan",
    "wpa", "ssid-key", "hwid", "device", "refresh", "handle", "grant", "capability", "macaroon", "biscuit",
    "permit", "swarm", "erlang",
];

/// Names whose values are identifiers or checksums however random they look.
#[rustfmt::skip]
pub(super) const PUBLIC_NAMES: &[&str] = &[
    "id", "ids", "uid", "uuid", "guid", "ref", "refs", "hash", "digest", "sha", "sha1", "sha256", "sha384",
    "sha512", "md5", "sum", "checksum", "etag", "cursor", "rev", "revision", "commit", "version", "tag",
    "integrity", "cache", "image", "layer", "build", "fingerprint", "thumbprint", "trace", "span", "traceparent",
    "tracestate", "correlation", "request", "requestid", "traceid", "spanid", "reqid", "rid", "xid", "page", "next",
    "prev", "continue", "continuation", "pagetoken", "arn", "kid", "jti", "public", "pubkey", "publickey", "pub",
    "certificate", "cert", "ca", "x5c", "x5t", "serialnumber", "msgid", "messageid", "boundary", "container", "pod",
    "node", "instance", "nextpagetoken", "etags", "ray", "cf-ray", "snapshot", "volume", "bh", "b", "dkim", "arc",
    "file", "filename", "path", "url", "href", "src", "hostname", "host", "name", "username", "email", "title",
    "class", "module", "package", "resolved", "method", "thread", "logger", "object", "type", "kind", "action",
    "event", "spki", "modulus", "exponent", "issuer", "subject", "receipt", "resourceversion", "generation",
    "selflink", "sid-public", "nonce-script", "img", "icon", "font", "svg", "png", "chunk", "asset", "assets",
    "x-amz-id-2", "ssh-rsa", "cadata", "authoritydata", "watermark", "offset", "address", "addr", "peer", "peers",
    "endpoint", "branch", "function", "symbol", "frame", "query", "sql", "job", "run", "order", "invoice",
    "session-name", "device-name", "model",
];

/// Words that make a value a remark about a secret, not a secret.
#[rustfmt::skip]
pub(super) const STATUS_WORDS: &[&str] = &[
    "required", "invalid", "expired", "missing", "incorrect", "wrong", "must", "is", "not", "ok", "okay", "set",
    "unset", "changed", "updated", "rotated", "created", "deleted", "removed", "valid", "verified", "accepted",
    "rejected", "denied", "refused", "failed", "failure", "success", "successful", "passed", "empty", "none",
    "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "enabled", "disabled", "optional",
    "unknown", "default", "string", "str", "text", "varchar", "char", "integer", "int", "number", "bool", "boolean",
    "object", "array", "list", "map", "bytes", "byte", "hidden", "masked", "redacted", "removed", "omitted",
    "filtered", "secret", "password", "token", "key", "todo", "tbd", "n/a", "na", "any", "auto", "generated",
    "random", "present", "absent", "found", "exists", "available", "unavailable", "loaded", "for", "the", "a", "an",
    "and", "or", "with", "without", "of", "in", "to", "from", "by", "your", "you", "this", "that", "will", "should",
    "can", "cannot", "may", "was", "were", "has", "have", "had", "are", "be", "been", "if", "when", "while", "via",
    "using", "use", "used", "see", "please", "enter", "type", "provide", "ist", "nicht", "fehlt", "falsch",
    "abgelaufen", "ungültig", "gültig", "muss", "wurde", "wird", "für", "der", "die", "das", "und", "oder", "ein",
    "eine", "mit", "ohne", "leer", "geändert", "gesetzt", "zurücksetzen", "vergessen", "erforderlich", "benötigt",
    "le", "la", "el", "requis", "requerido", "obligatorio", "env", "file", "vault", "prompt", "ask", "stdin",
    "inherit", "read", "write", "all", "plain", "plaintext", "encrypted", "hashed", "bcrypt", "scrypt", "argon2",
    "argon2id", "md5", "sha256", "sha512", "rs256", "hs256", "es256", "bearer", "basic", "digest", "jwt", "oauth",
    "oauth2", "opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "sensitive", "private", "public",
    "static", "const", "let", "var", "new", "self", "this", "async", "await", "return", "function", "def", "fn",
    "reset", "refresh", "refreshed", "revoked", "issued", "received", "sent", "authentication", "authorization",
    "authenticated", "login", "logout", "error", "errors", "warning", "info", "debug", "field", "fields", "value",
    "values", "input", "length", "changes", "change", "only", "more", "less", "too", "short", "long", "match",
    "matches", "mismatch", "mismatched", "do", "does", "did", "unchanged", "same", "different", "here", "there",
    "below", "above", "above.", "protected", "policy", "rule", "check", "checked", "checks", "test", "tests",
    "example", "sample", "placeholder", "changeme", "change-me", "change_me", "changeit_example", "replaceme",
    "replace-me", "replace_me", "dummy", "fake", "foo", "bar", "baz", "xxx", "interactive", "keyboard-interactive",
    "publickey", "gssapi", "hostbased", "expires", "expiring", "never", "always", "manual", "external", "internal",
    "local", "global", "ldap", "pam", "shadow", "system", "stored", "managed", "provided", "configured",
    "configuration", "setting", "settings", "skipped", "ignored", "up-to-date", "current", "old", "neu", "alt",
    "nein", "ja", "keine", "kein", "aus", "ein", "an", "non", "oui", "si", "sí", "optional.", "required.", "option",
    "options", "argument", "arguments", "parameter", "parameters", "optional,", "string.", "redacted.", "sha1",
    "none.", "unlimited", "limited", "pending", "active", "inactive", "ready", "running", "stopped", "count",
    "total", "type:", "flag", "flags", "selector", "element", "header", "headers", "cookie", "query", "body",
    "path", "done", "ignore", "die", "bad", "usize", "isize", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32",
    "i64", "f32", "f64", "ident", "expr", "literal", "tokenstream", "int32", "int64", "uint32", "uint64",
];

/// Function words; two of them make a quoted or trailing text a sentence.
#[rustfmt::skip]
pub(super) const FUNCTION_WORDS: &[&str] = &[
    "the", "a", "an", "of", "for", "is", "are", "to", "in", "and", "or", "must", "be", "with", "your", "not", "you",
    "this", "that", "it", "on", "at", "by", "from", "as", "was", "were", "has", "have", "will", "should", "can",
    "may", "if", "when", "no", "please", "than", "does", "do", "but", "der", "die", "das", "und", "oder", "ist",
    "für", "mit", "ein", "eine", "nicht", "muss", "wurde", "zu", "im", "von", "auf", "bitte", "sie", "le", "la",
    "les", "de", "du", "des", "est", "et", "ou", "pour", "dans", "el", "los", "las", "es", "y", "para", "con", "en",
    "un", "una", "une", "se", "que",
];
