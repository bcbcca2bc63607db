//! One example of each kind: what is between the brackets is masked, the rest stays.

use super::find;

/// Checks that exactly the parts in `⟦…⟧` are masked.
fn check(marked: &str) {
    let (mut text, mut expected) = (String::new(), String::new());
    for (i, part) in marked.split(['⟦', '⟧']).enumerate() {
        text.push_str(part);
        expected.push_str(if i % 2 == 1 { "*" } else { part });
    }
    let mut hits = Vec::new();
    find(text.as_bytes(), &mut hits);
    let mut masked = text.clone();
    for hit in hits.iter().rev() {
        masked.replace_range(hit.start..hit.end, "*");
    }
    assert_eq!(masked, expected, "in {text:?}");
}

#[test]
fn commands_with_a_secret_at_a_fixed_place() {
    for line in [
        "net user anna ⟦rabbit7lemon⟧ /add",
        "net use Z: \\\\files\\share ⟦Mantel871!⟧ /user:anna",
        "sqlplus scott/⟦Tig3rLily⟧@XE",
        "com2sec readonly default ⟦dFc19eB6kj⟧",
        "createUser monitor SHA \"⟦teller33laterne⟧\" AES \"⟦Copper2027!⟧\"",
        "radtest anna ⟦Segel46Blau⟧ localhost 0 ⟦sh4redS3cret⟧",
        "/oper anna ⟦9G9JaWitGn⟧",
        "stats auth admin:⟦walnut47river⟧",
        "swift -U test:tester -K ⟦pgI2mnH9u0ZE⟧ list",
        "mount -t cifs //files/share /mnt -o user=office%⟦Jacke2026?⟧",
        "rasdial VPN anna ⟦wwqg3n7m6t⟧",
        "bundle config gems.example.org ci:⟦7ff2bqi2l7k⟧",
    ] {
        check(line);
    }
}

#[test]
fn secrets_piped_and_echoed_into_programs() {
    for text in [
        "echo '⟦Rabbit7!x⟧' | sudo -S systemctl restart nginx",
        "printf '%s' '⟦quelle57velvet⟧' | kinit anna",
        "openconnect --passwd-on-stdin vpn.example.org <<< \"⟦SegelNebel_2020⟧\"",
        "$ printenv SMTP_PASS\n⟦noodlekessel7⟧",
        "secret-tool lookup service crm\n⟦Laterne24$⟧",
        "child.sendline('⟦Teller-Copper86⟧')  # answers the password prompt",
    ] {
        check(text);
    }
}

#[test]
fn labels_of_several_words_and_languages() {
    for text in [
        "phrase secrète : ⟦winter-tunnel-thunder-pinsel⟧",
        "la chiave segreta: ⟦7ff2bqi2l7kQ⟧",
        "Código de acceso: ⟦483920⟧",
        "Le mot de passe root est ⟦Mantel871!⟧",
        "He cambiado la clave del servidor a ⟦cPHa7DRhvU⟧",
        "J'ai remis le mdp à ⟦garten83harbor⟧, merci.",
        "Das Losungswort lautet ⟦tunnel48winter⟧",
        "Lizenzschlüssel: ⟦CK9T-SMQ3-7UPI-V12V⟧",
        "the API key we use in prod is ⟦Xk29vLq8Rt41ZpWm77Bd⟧",
        "The door code is ⟦2680⟧ and the alarm code ⟦144466⟧.",
        "Voicemail PIN for ext. 104: ⟦6880⟧",
        "WLAN \"Gaeste\", Schlüssel \"⟦Tunnel343x⟧\"",
    ] {
        check(text);
    }
}

#[test]
fn sentences_about_a_password() {
    for text in [
        "we changed the password from ⟦Quelle.rabbit.12⟧ to ⟦Birne#1515⟧ yesterday",
        "Password reset done. It's now ⟦n00dle23k⟧.",
        "please log in with admin / ⟦Drossel467x⟧ and check",
        "creds for staging: anna:⟦TunnelQuelle_2000⟧",
        "\"bob:⟦Teller906!⟧\" works for me",
        "Here are the credentials:\nanna\n⟦Acker-Jacke62⟧",
        "The new application password is: ⟦w9g2 mRFT m5No Zifs E7Bc h7oK⟧",
    ] {
        check(text);
    }
}

#[test]
fn files_and_tables() {
    for text in [
        "localhost:5432:*:app:⟦PinselGarten_2000⟧",
        "anna:realm:⟦db09dfdc851d93a37d97faa848573228⟧",
        "backup:⟦Fenster-Regen42⟧",
        "WIFI:T:WPA;S:Gast;P:⟦M34dow$23⟧;;",
        "<auth-user-pass>\nanna\n⟦N3b3l#777⟧\n</auth-user-pass>",
        "Rechner      Benutzer     Passwort        Bemerkung\nweb1         root         ⟦$Rabbit227⟧       Produktion",
        "DB_PASSWORD:\n----\n⟦kIA-B7+B-rDS5⟧",
        "COPY users (id, password) FROM stdin;\n1\t⟦Zz61*copp⟧\n\\.",
        "    DefaultPassword    REG_SZ    ⟦Segel-Silver46⟧",
        "user worker on >⟦CopperWalnut_2009⟧ ~jobs:* +@all",
        "userPassword:: ⟦JFJlZ2VuMTU1⟧",
        "<Property Name=\"Password\" Sensitive=\"1\">⟦P4ssel94#⟧</Property>",
    ] {
        check(text);
    }
}

#[test]
fn literals_in_code() {
    for text in [
        "requests.get(url, auth=('anna', '⟦Segel434x⟧'))",
        "jwt.sign(payload, '⟦Harbor-Segel71⟧', { expiresIn: '1h' })",
        "password_verify('⟦Mantel871!⟧', $hash)",
        "keyStore.load(in, \"⟦galaxy-garten-13⟧\".toCharArray());",
        "const password = process.env.PW || '⟦PSMIyCRKCzmR⟧';",
        "parser.add_argument(\"--password\", default=\"⟦Casdro300$⟧\")",
        "[\"--auth-user\", \"ops\", \"--auth-password\", \"⟦Thunder58$⟧\"]",
        "cy.get('#password').type('⟦window47zimmer⟧')",
    ] {
        check(text);
    }
}

#[test]
fn a_password_after_the_capital_word_is_none_of_a_check() {
    for text in [
        "PASS: ⟦hunter2⟧",
        "PASS=⟦hunter2⟧",
        "PASS: ⟦korrekt pferd batterie heftklammer⟧",
        "user: app PASS: ⟦Sommer2024!⟧",
        "USER app PASS ⟦Xk29fjwk!⟧",
        "{\"PASS\":\"⟦letmein⟧\"}",
        "[\"DB_PASSWORD\",\"⟦Tr0ub4dor&3xyz⟧\"]",
        "[\"DB_PASSWORD\", \"⟦hunter2hunter2⟧\"]",
    ] {
        check(text);
    }
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for text in [
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
        "fastcgi_pass unix:/run/php/php8.2-fpm.sock;",
        "PASS: gdb.base/break2.exp: continue to breakpoint",
        "PASS: i386 nops 16bit 1",
        "2026-11-26T05:10:11Z INFO PASS: E2E 12 of 12",
        "PASS: smoke tests green",
        "{\"outcome\":\"PASS\",\"subject\":\"checkout of 3 items\"}",
        "[\"PASS\", \"login page\"]",
        "{\"references\":[\"DB_PASSWORD\",\"SHOP_API_KEY\"]}",
        "{\"name\": \"API_KEY\", \"state\": \"exists\"}",
        "| E2E | PASS | 12 of 12 |",
        "<td>PASS</td><td>E2E</td>",
        "E2E tests: PASS → deploy",
        "PASS - E2E tests",
        "pub const INET6_TOKEN: _bindgen_ty_5 = _bindgen_ty_5::INET6_TOKEN;",
        "let eq_token = &meta.eq_token;",
        "'password' => 'required|min:8|confirmed',",
        "\"password\": {\"type\": \"string\", \"minLength\": 12}",
        "$pw = Read-Host -AsSecureString",
        "PASSWORD=`pwgen 24 1`",
        "existingSecret: app-credentials",
        "License: LGPL-3+ or GPL-2+",
        "serial: 04:A1:B2:C3:D4:E5:F6:07:18:29",
        "ED25519 key fingerprint is SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s.",
        "SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        "User anna entered a wrong password (192.0.2.103)",
        "we pass the flags down to gnutls_x509_trust_list_verify2",
        "option --delete-secret-key may be used to delete a secret key",
        "clients are identified by their certificate",
        "in the session slice (project!219, David)",
        "credential helper is 'store'",
        "<a href=\"/user/password\">Forgot your password?</a>",
        "checksum: md5:d41d8cd98f00b204e9800998ecf8427e",
        "preset-passphrase.c: Likewise.",
        "lpPassword: LPCWSTR, hsecret : super::Win32::Foundation::HANDLE)",
        "user, passwd = _splitpasswd(user)",
        "c->username = g_strdup(password_data->user);",
        "STATUS_WRONG_CREDENTIAL: NTSTATUS = 0xC00002F2;",
        "parses a token and passes it to `predicate`.",
    ] {
        check(text);
    }
}
