//! Commands and directives that take a secret at a fixed place among their words, whatever it looks like.

use super::bytes::{at, line_end, skip_blanks, skip_while, slice, starts_with, tail};
use super::cli::{argument, shell_word};
use super::scan::Scan;

/// Which of the words after the phrase are secret.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Words at these places, options not counted.
    At(&'static [usize]),
    /// The last word of the command.
    Last,
    /// The last word, if `-b` says that it is the password.
    LastOfBatch,
    /// What follows the sign in the first word that has one: `user/password`, `user:password`.
    Behind(u8),
    /// `net use`: the first word that is no share, option or drive.
    NoShare,
}

use Place::{At, Behind, Last, LastOfBatch, NoShare};

/// Phrases as they are typed, each with its blank.
const COMMANDS: &[(&str, Place)] = &[
    ("htpasswd ", LastOfBatch),
    ("mosquitto_passwd ", LastOfBatch),
    ("net use ", NoShare),
    ("net user ", At(&[1])),
    ("ejabberdctl register ", At(&[2])),
    ("ejabberdctl change_password ", At(&[2])),
    ("prosodyctl register ", At(&[2])),
    ("rabbitmqctl add_user ", At(&[1])),
    ("rabbitmqctl change_password ", At(&[1])),
    ("doveadm auth test ", At(&[1])),
    ("samba-tool user create ", At(&[1])),
    ("samba-tool user add ", At(&[1])),
    ("drush upwd ", At(&[1])),
    (" user:password ", At(&[1])),
    (" user-password ", At(&[1])),
    ("radtest ", At(&[1, 4])),
    ("user set password ", At(&[1])),
    ("nuget push ", At(&[1])),
    ("-storepasswd ", At(&[0])),
    ("mc alias set ", At(&[3])),
    ("mc config host add ", At(&[3])),
    ("wpa_passphrase ", At(&[1])),
    ("secret-set-value ", At(&[1])),
    ("vault login ", At(&[0])),
    ("operator unseal ", At(&[0])),
    ("add-authtoken ", At(&[0])),
    ("openssl passwd ", Last),
    ("mkpasswd ", Last),
    ("sqlplus ", Behind(b'/')),
    ("rman target ", Behind(b'/')),
    ("expdp ", Behind(b'/')),
    ("impdp ", Behind(b'/')),
    ("sqlldr ", Behind(b'/')),
    ("chpasswd -e ", Behind(b':')),
    ("rocommunity ", At(&[0])),
    ("rwcommunity ", At(&[0])),
    ("rocommunity6 ", At(&[0])),
    ("rwcommunity6 ", At(&[0])),
    ("trapcommunity ", At(&[0])),
    ("com2sec ", At(&[2])),
    ("com2sec6 ", At(&[2])),
    ("snmp community ", At(&[0])),
    ("snmp-server community ", At(&[0])),
    ("isakmp key ", At(&[0])),
    ("l2tpd ", At(&[0])),
    ("pptpd ", At(&[0])),
    ("\" * ", At(&[0])),
    ("/oper ", At(&[1])),
    ("synouser --add ", At(&[1])),
    ("createandpromote.php ", Last),
    ("rclone obscure ", At(&[0])),
    ("reset-admin-password ", At(&[0])),
    ("@localhost 1 ", At(&[1])),
    ("-o user=", Behind(b'%')),
    ("wireless_wpa string ", Last),
    ("wireless_wep string ", Last),
    ("ssid_passphrase ", Last),
    ("set-key ascii ", Last),
    ("pre-shared-key 1 text ", At(&[0])),
    ("snmp-agent community ", Last),
    ("key-string ", Last),
    ("-oauth.github.com ", At(&[0])),
    ("bundle config ", Behind(b':')),
    (":identify ", Last),
    ("nickserv identify ", Last),
    ("stats auth ", Behind(b':')),
    (":587 ", Behind(b':')),
    (":465 ", Behind(b':')),
    ("createuser ", At(&[2, 4])),
    ("message-digest-key ", Last),
    ("authentication-key ", Last),
    ("psk ascii ", Last),
    ("hotp/t30", Last),
];

/// The needles of this family.
pub(super) fn needles() -> impl Iterator<Item = Vec<u8>> {
    COMMANDS.iter().map(|(phrase, _)| phrase.as_bytes().to_vec())
}

/// At a phrase: its secret words.
pub(super) fn command(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let phrase = slice(text, start, end);
    if at(phrase, 0).is_ascii_alphabetic() && super::bytes::before(text, start).is_ascii_alphanumeric() {
        return;
    }
    let Some((_, place)) = COMMANDS.iter().find(|(p, _)| phrase.eq_ignore_ascii_case(p.as_bytes())) else { return };
    let (words, options) = words(text, end);
    let word = |i: usize| words.get(i).copied();
    match place {
        At(places) => {
            for found in places.iter().filter_map(|&i| word(i)) {
                secret(scan, found);
            }
        }
        Last => {
            if let Some(&found) = words.last() {
                secret(scan, found);
            }
        }
        LastOfBatch => {
            let batch = options
                .iter()
                .any(|&(s, e)| !starts_with(slice(text, s, e), b"--") && slice(text, s, e).contains(&b'b'));
            if let Some(&found) = words.last().filter(|_| batch) {
                secret(scan, found);
            }
        }
        Behind(sign) => {
            for &(s, e) in &words {
                if let Some(p) = memchr::memchr(*sign, slice(text, s, e)).filter(|p| *p > 0) {
                    // `scott/tiger@service`.
                    let stop = memchr::memrchr(b'@', slice(text, s, e)).filter(|at| *at > p).map_or(e, |at| s + at);
                    secret(scan, (s + p + 1, stop));
                    return;
                }
            }
        }
        NoShare => {
            let bare = |&&(s, e): &&(usize, usize)| {
                let word = slice(text, s, e);
                !word.starts_with(b"\\\\") && !word.starts_with(b"/") && word != b"*" && !word.ends_with(b":")
            };
            if let Some(&found) = words.iter().find(bare) {
                secret(scan, found);
            }
        }
    }
}

/// Masks one word, unless it is an option or plainly goes on in prose.
fn secret(scan: &mut Scan<'_>, (start, end): (usize, usize)) {
    let word = slice(scan.text, start, end);
    let goes_on = at(scan.text, end) == b' ' && at(scan.text, end + 1).is_ascii_lowercase();
    let remark = word.iter().all(u8::is_ascii_lowercase) && (word.len() < 6 || goes_on);
    if word.len() >= 3 && !starts_with(word, b"/") && word != b"*" && !remark {
        argument(scan, start, end, None);
    }
}

/// The bare words of a command and its options, up to the next command.
#[expect(clippy::type_complexity, reason = "two lists of extents")]
fn words(text: &[u8], from: usize) -> (Vec<(usize, usize)>, Vec<(usize, usize)>) {
    let stop = line_end(text, from);
    let (mut words, mut options) = (Vec::new(), Vec::new());
    let mut i = skip_blanks(text, from);
    while i < stop && words.len() < 12 && !matches!(at(text, i), b'|' | b'>' | b';' | b'&') {
        let (s, e) = shell_word(text, i);
        if starts_with(tail(text, s), b"-") {
            options.push((s, e))
        } else {
            words.push((s, e))
        }
        i = skip_blanks(text, skip_while(text, e, |b| matches!(b, b'"' | b'\'')).max(i + 1));
    }
    (words, options)
}
