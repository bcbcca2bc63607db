//! Does a key name promise a secret? Morphology instead of a list: names are split at case
//! changes and separators, and judged by what their words say together.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::vocabulary::{
    KEY_HARMLESS, KEY_QUALIFIERS, METADATA, NOT_SECRET, PUBLIC_NAMES, SECRET_BEGINNINGS, SECRET_DESPITE,
    SECRET_ENDINGS, SECRET_WORDS, WEAK_WORDS,
};

/// What a name promises about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Promise {
    /// Nothing, or that it merely describes a secret.
    Nothing,
    /// A secret, if the value looks like one (`key`, `session`, `salt`).
    Maybe,
    /// A secret (`db_password`).
    Secret,
}

/// Longest name that is split into words; longer ones are judged by their end.
const LONGEST: usize = 96;

/// What `name` promises. Any case, any separators, any script.
pub(super) fn promise(name: &[u8]) -> Promise {
    let name = name.get(name.len().saturating_sub(LONGEST)..).unwrap_or(name);
    let words = words(name);
    let Some(last) = words.last() else { return Promise::Nothing };
    let vocabulary = vocabulary();
    let whole = words.join("_");
    if whole.ends_with("existing_secret") || whole.ends_with("site_verification") || is_source_file(name) {
        return Promise::Nothing;
    }
    if name == b"SSHPASS" || SECRET_DESPITE.iter().any(|s| whole.ends_with(s)) {
        return Promise::Secret;
    }
    if matches!(
        whole.as_str(),
        "load_credential"
            | "import_credential"
            | "condition_credential"
            | "load_credential_encrypted"
            | "delete_credential"
            | "pwd"
            | "old_pwd"
            | "oldpwd"
    ) && name.first().is_some_and(u8::is_ascii_uppercase)
        && whole.len() > 3
    {
        return Promise::Nothing;
    }
    // `password2`, `token_old`: numbers and generations at the end do not change the promise.
    let meaning: Vec<&str> =
        words.iter().map(String::as_str).filter(|w| !w.bytes().all(|b| b.is_ascii_digit())).collect();
    let Some(&end) = meaning.last() else { return Promise::Nothing };
    if vocabulary.metadata.contains(end) && !vocabulary.secret.contains(end) {
        return if meaning.len() > 1 && session_like(&meaning) { Promise::Maybe } else { Promise::Nothing };
    }
    if is_secret_key(&meaning, vocabulary) {
        return Promise::Secret;
    }
    let secret_at = meaning.iter().rposition(|w| is_secret_word(w, vocabulary));
    match secret_at {
        Some(i) if i + 2 >= meaning.len() => return Promise::Secret,
        Some(_) => return Promise::Maybe,
        None => {}
    }
    if whole.ends_with("mot_de_passe") || whole.ends_with("palavra_passe") || whole.ends_with("clave_secreta") {
        return Promise::Secret;
    }
    if end == "key" || end == "keys" || end.ends_with("key") {
        let qualifier = meaning.len().checked_sub(2).and_then(|i| meaning.get(i)).copied().unwrap_or("");
        let bare = matches!(
            end,
            "monkey"
                | "turkey"
                | "donkey"
                | "hockey"
                | "jockey"
                | "whiskey"
                | "pubkey"
                | "publickey"
                | "hotkey"
                | "passkeys"
        );
        return if bare || vocabulary.key_harmless.contains(qualifier) { Promise::Nothing } else { Promise::Maybe };
    }
    if meaning.iter().rev().take(3).any(|w| vocabulary.weak.contains(w) || weak_shape(w)) {
        return Promise::Maybe;
    }
    let _ = last;
    Promise::Nothing
}

/// `preset-passphrase.c`: a file of source code or text.
fn is_source_file(name: &[u8]) -> bool {
    [
        ".c", ".h", ".cc", ".cpp", ".py", ".go", ".rs", ".md", ".txt", ".sh", ".js", ".ts", ".php", ".html", ".rb",
        ".java",
    ]
    .iter()
    .any(|extension| super::bytes::ends_with(name, extension.as_bytes()))
}

/// True for names of identifiers, checksums and places: what stands behind them is random but public.
pub(super) fn is_public(name: &[u8]) -> bool {
    let words = words(name);
    let vocabulary = vocabulary();
    words.iter().rev().take(2).any(|w| {
        vocabulary.public.contains(w.as_str())
            || w.ends_with("id") && w.len() > 4
            || w.ends_with("hash")
            || w.ends_with("sum")
    })
}

/// True for names of one-time and door codes: `Türcode`, `access code`, `OTP`.
pub(super) fn is_code(name: &[u8]) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if matches!(
        last.as_str(),
        "otp"
            | "totp"
            | "pin"
            | "tan"
            | "puk"
            | "cvv"
            | "cvc"
            | "passcode"
            | "combination"
            | "kombination"
            | "geheimzahl"
            | "kennziffer"
            | "zahlenkombination"
    ) {
        return true;
    }
    let Some(kind) = last.strip_suffix("code") else { return false };
    let kind = if kind.is_empty() {
        words.len().checked_sub(2).and_then(|i| words.get(i)).map_or("", String::as_str)
    } else {
        kind
    };
    !kind.is_empty()
        && !matches!(
            kind,
            "status"
                | "exit"
                | "error"
                | "err"
                | "zip"
                | "post"
                | "postal"
                | "bar"
                | "uni"
                | "op"
                | "key"
                | "byte"
                | "en"
                | "de"
                | "qr"
                | "source"
                | "country"
                | "return"
                | "lang"
                | "language"
                | "char"
                | "area"
                | "vs"
                | "short"
                | "http"
                | "response"
                | "reason"
                | "currency"
                | "product"
                | "region"
                | "state"
                | "result"
                | "trans"
                | "signal"
                | "event"
                | "machine"
                | "object"
                | "pass"
                | "the"
                | "type"
                | "city"
                | "color"
                | "close"
                | "claude"
                | "geo"
                | "iso"
                | "iata"
                | "locale"
                | "tax"
                | "sort"
                | "bank"
                | "swift"
                | "client"
                | "server"
                | "shell"
                | "rust"
                | "sample"
                | "example"
                | "this"
                | "your"
                | "dead"
                | "generated"
                | "native"
                | "vendor"
                | "user"
        )
}

/// True if `word` (lower case) only describes a value's state.
pub(super) fn is_status(word: &str) -> bool {
    vocabulary().status.contains(word)
}

/// True for function words of running text.
pub(super) fn is_function_word(word: &str) -> bool {
    vocabulary().function.contains(word)
}

/// Lower-case words of a name.
pub(super) fn words(name: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(name);
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let acronym_ends =
            c.is_uppercase() && previous.is_uppercase() && chars.peek().is_some_and(|n| n.is_lowercase());
        let camel = c.is_uppercase() && (previous.is_lowercase() || previous.is_ascii_digit());
        if (camel || acronym_ends) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace()) {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        previous = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[derive(Debug)]
struct Vocabulary {
    secret: HashSet<&'static str>,
    not_secret: HashSet<&'static str>,
    metadata: HashSet<&'static str>,
    qualifiers: HashSet<&'static str>,
    key_harmless: HashSet<&'static str>,
    weak: HashSet<&'static str>,
    public: HashSet<&'static str>,
    status: HashSet<&'static str>,
    function: HashSet<&'static str>,
}

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    VOCABULARY.get_or_init(|| {
        let set = |words: &[&'static str]| words.iter().copied().collect();
        Vocabulary {
            secret: set(SECRET_WORDS),
            not_secret: set(NOT_SECRET),
            metadata: set(METADATA),
            qualifiers: set(KEY_QUALIFIERS),
            key_harmless: set(KEY_HARMLESS),
            weak: set(WEAK_WORDS),
            public: set(PUBLIC_NAMES),
            status: set(super::vocabulary::STATUS_WORDS),
            function: set(super::vocabulary::FUNCTION_WORDS),
        }
    })
}

fn is_secret_word(word: &str, vocabulary: &Vocabulary) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if vocabulary.not_secret.contains(word) {
        return false;
    }
    if vocabulary.secret.contains(word) || SECRET_ENDINGS.iter().any(|e| word.len() > e.len() && word.ends_with(e)) {
        return true;
    }
    if word.ends_with("pw") && (4..=9).contains(&word.len()) {
        return true;
    }
    // `Lizenzschlüssel`, `wifi-sleutel`; the bare word only might.
    if ["schlüssel", "schluessel", "sleutel"].iter().any(|key| {
        word.strip_suffix(key).is_some_and(|kind| {
            kind.len() > 2
                && !matches!(
                    kind,
                    "primär"
                        | "primaer"
                        | "fremd"
                        | "sortier"
                        | "such"
                        | "verteil"
                        | "schrauben"
                        | "index"
                        | "cache"
                        | "primaire"
                        | "vreemde"
                )
        })
    }) {
        return true;
    }
    SECRET_BEGINNINGS.iter().filter_map(|b| word.strip_prefix(b)).any(|rest| {
        rest.len() > 1
            && !vocabulary.metadata.contains(rest)
            && !vocabulary.weak.contains(rest)
            && !rest.ends_with("less")
    })
}

/// `api key`, `encryption_key_base`, `keyData` after a private qualifier.
fn is_secret_key(words: &[&str], vocabulary: &Vocabulary) -> bool {
    words.windows(2).enumerate().any(|(i, pair)| {
        let [first, second] = pair else { return false };
        let key = matches!(
            *second,
            "key" | "keys" | "schlüssel" | "schluessel" | "sleutel" | "nyckel" | "nøgle" | "klucz" | "keybase"
        );
        let near_end = i + 4 >= words.len();
        let public = words.get(..i).unwrap_or_default().iter().any(|w| matches!(*w, "public" | "pub"));
        near_end
            && !public
            && ((key && vocabulary.qualifiers.contains(first))
                || (*first == "key"
                    && matches!(*second, "data" | "base" | "material" | "value" | "secret" | "passphrase")))
    })
}

/// Identifiers that are bearers themselves: `session_id`, `PHPSESSID`, `webhook_url`, `connection_string`.
fn session_like(words: &[&str]) -> bool {
    words.iter().rev().skip(1).take(2).any(|w| {
        matches!(
            *w,
            "session"
                | "sess"
                | "webhook"
                | "hook"
                | "secret"
                | "sid"
                | "invite"
                | "reset"
                | "callback"
                | "presigned"
                | "signed"
                | "magic"
                | "dsn"
                | "connection"
        )
    })
}

fn weak_shape(word: &str) -> bool {
    word.ends_with("sessid")
        || word.ends_with("sessionid")
        || word.ends_with("auth")
        || word.ends_with("key")
        || word.ends_with("code")
        || word.ends_with("salt")
        || word.ends_with("sig")
}
