//! Every needle and what is checked where it stands.

use std::sync::OnceLock;

use super::bytes::{at, before};
use super::needle_table::WORDS;
use super::needles::Needles;
use super::scan::Scan;
use super::{assign, block, calls, cli, commands, dialog, hashes, header, pem, prefix, url};

/// The check a needle asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Key,
    Label,
    Prefix(u16),
    Address,
    Parameter,
    Capability,
    PemBegin,
    PemEnd,
    Putty,
    Vault,
    Authorization,
    Scheme,
    Cookie,
    Flag,
    Chpasswd,
    Positional,
    Literal,
    Hash,
    Ntlm,
    KeyLog,
    Smtp,
    Command,
    Pair,
    Phrase,
    Codes,
    SecretFile,
    KubernetesSecret,
    UserAt,
    NextWord,
    ToldWord,
    LastWord,
    LastArgument,
    Send,
    FirstArgument,
    Quoted,
    ShortPair,
    CharArray,
    CopyRows,
    AclRule,
    Generated,
    Typed,
    WifiCode,
    UserPass,
    PgPass,
    Insert,
    Login,
    Output,
}

/// The needles of all rules, built on first use.
pub(super) fn needles() -> &'static Needles<Rule> {
    static NEEDLES: OnceLock<Needles<Rule>> = OnceLock::new();
    NEEDLES.get_or_init(|| {
        let words =
            WORDS.iter().flat_map(|(rule, needles)| needles.iter().map(|n| (n.as_bytes().to_vec(), false, *rule)));
        let prefixes = prefix::table()
            .iter()
            .enumerate()
            .map(|(i, p)| (p.text.as_bytes().to_vec(), true, Rule::Prefix(u16::try_from(i).unwrap_or(u16::MAX))));
        let hashes =
            hashes::MARKS.iter().map(|m| (m.as_bytes().to_vec(), m.len() == 3 || m.starts_with('$'), Rule::Hash));
        let flags = cli::needles().map(|f| (f, true, Rule::Flag));
        let commands = commands::needles().map(|c| (c, false, Rule::Positional));
        Needles::new(words.chain(prefixes).chain(hashes).chain(flags).chain(commands))
    })
}

/// Runs the check of one needle.
pub(super) fn apply(scan: &mut Scan<'_>, start: usize, end: usize, rule: Rule) {
    match rule {
        Rule::Key => assign::key(scan, start, end),
        Rule::Label => assign::label(scan, start, end),
        Rule::Prefix(index) => prefix::token(scan, start, end, usize::from(index)),
        Rule::Address => url::address(scan, start, end),
        Rule::Parameter => url::parameter(scan, end),
        Rule::Capability => url::capability(scan, end),
        Rule::PemBegin => pem::begin(scan, start, end),
        Rule::PemEnd => pem::end(scan, start, end),
        Rule::Putty => pem::putty(scan, end),
        Rule::Vault => block::vault(scan, end),
        Rule::Authorization => header::authorization(scan, end),
        Rule::Scheme => header::scheme(scan, start, end),
        Rule::Cookie => header::cookie(scan, end),
        Rule::Flag => cli::flag(scan, start),
        Rule::Chpasswd => cli::chpasswd(scan, start, end),
        Rule::Positional => commands::command(scan, start, end),
        Rule::Literal => cli::literal(scan, end),
        Rule::Hash => hashes::marked(scan, start, end),
        Rule::Ntlm => hashes::ntlm(scan, start),
        Rule::KeyLog => hashes::key_log(scan, end),
        Rule::Smtp => dialog::smtp(scan, start),
        Rule::Command => dialog::command(scan, start, end),
        Rule::Pair => dialog::pair(scan, end),
        Rule::Phrase => dialog::phrase(scan, end),
        Rule::Codes => dialog::codes(scan, end),
        Rule::SecretFile => dialog::secret_file(scan, end),
        Rule::KubernetesSecret => block::kubernetes_secret(scan, start),
        Rule::NextWord => calls::next_word(scan, end),
        Rule::ToldWord => calls::told_word(scan, end),
        Rule::LastWord => calls::last_word(scan, end),
        Rule::LastArgument => calls::last_argument(scan, end),
        Rule::Send => calls::send(scan, end),
        Rule::FirstArgument => calls::first_argument(scan, end),
        Rule::Quoted => calls::quoted(scan, end),
        Rule::ShortPair => dialog::short_pair(scan, start, end),
        Rule::CharArray => calls::char_array(scan, start),
        Rule::CopyRows => calls::copy_rows(scan, start, end),
        Rule::AclRule => dialog::acl_rule(scan, end),
        Rule::Generated => block::generated(scan, end),
        Rule::Typed => calls::typed(scan, end),
        Rule::WifiCode => dialog::wifi_code(scan, end),
        Rule::UserPass => dialog::user_pass(scan, end),
        Rule::PgPass => dialog::pgpass(scan, start, end),
        Rule::Insert => calls::insert(scan, end),
        Rule::Login => calls::login_line(scan, start, end),
        Rule::Output => calls::output(scan, end),
        Rule::UserAt => url::bare_user_information(scan, start, true),
    }
}

/// `user:password@host` without a scheme, at every `@`.
pub(super) fn at_signs(scan: &mut Scan<'_>) {
    let text = scan.text;
    for sign in memchr::memchr_iter(b'@', text) {
        if before(text, sign) > b' ' {
            url::behind_address(scan, sign);
        }
        if before(text, sign) > b' ' && at(text, sign + 1).is_ascii_alphanumeric() && url::host_follows(text, sign) {
            url::bare_user_information(scan, sign, false);
        }
    }
}
