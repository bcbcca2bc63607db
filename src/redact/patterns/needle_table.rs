//! The needles of the hand-written rules; prefixes, hash marks and flags bring their own.

use super::rules::Rule;

/// Needles by rule, ASCII case ignored.
#[rustfmt::skip]
pub(super) const WORDS: &[(Rule, &[&str])] = &[
    (Rule::Key, &[
        "pass", "pwd", "pswd", "secret", "token", "key", "credential", "creds", "cred_", "_cred", "psk", "auth",
        "pw ", "_pw", "-pw", ".pw", "pw=", "pw:", "pw\"", "'pw'", ";pw", "pw;", ",pw", "pw,", "\tpw", "pw\n", "dbpw", "rootpw", "bindpw", "adminpw", "otp",
        "salt", "pepper", "seed", "nonce", "licen", "lizenz", "serial", "sess", "sid=", "sid:", "sid\"", "cookie",
        "csrf", "xsrf", "signature", "jwt", "kennwort", "geheim", "losung", "contrase", "clave", "mdp", "senha",
        "wachtwoord", "lösenord", "losenord", "adgangskode", "salasana", "hasło", "haslo", "heslo", "parola",
        "şifre", "sifre", "jelszó", "jelszo", "пароль", "Пароль", "секрет", "密码", "密碼", "口令", "密钥", "パスワード", "비밀번호",
        "lozinka", "geslo", "parool", "mnemonic", "passcode", "_pin", "pin:", "pin=", "pin\"", "pin ", "tan ",
        "cvv", "cvc:", "puk", "tan:", "tan=", "webhook", "dsn", "connection_string", "connectionstring",
        "connection-string", "private", "signing", "encrypt", "cipher", "hmac", "unseal", "unlock", "activation",
        "community", "fernet", "blowfish", "keytab", "zugang", "einmalcode", "verification", "recovery", "invite",
        "magic", "challenge", "ticket", "samlresponse", "assertion", "macaroon", "voucher", "hash", "sig=", "sig:",
        "sig\"", "pat=", "pat:", "pat\"", "xprv", "gossip", "schlüssel", "schluessel", "refresh", "_sk", "sk=",
        "-sk", "join", "enroll", "bootstrap", "confirm", "claim", "door", "alarm", "wifi", "wlan", "wpa", "bearer",
        "backup", "code:", "code=", " code ", "code\"", "schaltcode", "ürcode", "-code ", "vault",
        "bind", "registration", "hwid", "swarm", "ciphertext", "dpapi", "verifier", "llave", "entropy", "seal",
        "kek", "dek", "geheimzahl", "codewort", "kennziffer", "kenncode", "ürcode", "kombination", "kodeord", "лозинк",
        "κωδικ", "كلمة", "סיסמ", "parolă", "wachtzin", "sleutel", "authtok", "kennw", "passw.", "rcon", "tresorcode",
        "sicherheitsantwort", "ungscode", "sperrcode", "gangscode", "pincode", "combination ",
    ]),
    (Rule::Label, &[
        "clé secrète", "clé privée", "clé wifi", "clé wpa", "clé d'api", "clé api", "code secret", "code d'accès",
        "code d'acces", "phrase secrète", "phrase secrete", "mot secret", "phrase de passe", "question secrète",
        "llave secreta", "palabra de paso", "palabra clave", "frase secreta", "frase segreta", "frase de paso",
        "parola segreta", "parola d'ordine", "parola chiave", "chiave segreta", "chiave api", "chiave wifi",
        "chiave di accesso", "chiave privata", "codice segreto", "codice di accesso", "código de acceso",
        "codigo de acceso", "código de acesso", "código secreto", "chave secreta", "chave privada", "chave de acesso",
        "geheime sleutel", "memorable word", "security answer", "secret answer", "safe combination",
        "lock combination", "pass phrase", "keypad", "code de l'alarme", "code alarme", "code porte", "code de la porte",
        "codice allarme", "codice dell'allarme", "código de la alarma", "option key", "].key", "wifi code", "wlan-code", "secret word", "secret number",
        "antwort auf die geheimfrage", "antwort auf die sicherheitsfrage", "sonar.login", "snmp string", "community string", "erlang cookie", "rabbitmq cookie",
    ]),
    (Rule::Address, &[
        "://", ":\\/\\/", "%3a%2f%2f",
    ]),
    (Rule::Parameter, &[
        "?code=", "&code=", "?sig=", "&sig=", "?key=", "&key=", "?s=", "?k=", "&k=", "?auth=", "&auth=", "?sid=",
        "&sid=", "?pw=", "&pw=", "?pwd=", "&pwd=", "?otp=", "&otp=", "?ticket=", "&ticket=", "?hmac=", "&hmac=",
        "?jwt=", "&jwt=", "?access=", "&access=", "?st=", "?hash=", "?invite=", "&invite=", "?verifier=",
        "?assertion=", "?samlresponse=", "&samlresponse=", "&amp;sig=", "&amp;key=", "&amp;code=", "&st=",
        "#access_token=", "#id_token=", "?t=", "&hdnts=", "?policy=", "&policy=", "?sas=", "?h=", "?u=",
        "&confirm=", "?confirm=", "?private=", "?share=", "?magic=", "?pin=", "&pin=", "?login=", "?session=",
        "?nonce=", "&state=", "?state=", "&tk=", "?tk=", "?credential=", "?apikey=", "?appid=", "&appid=", "&hash=",
        "?c=",
    ]),
    (Rule::Capability, &[
        "hooks.slack.com/", "/share/", "/s/", "/login/", "/auth/", "/session/", "/download/", "/link/",
        "api.telegram.org/bot", "/preview/", "/callback/", "/guest/", "/api/webhooks/", "webhook.office.com/",
        "/incomingwebhook/", "hooks.zapier.com/", "/webhook/", "/webhooks/", "/webhook-test/", "/hooks/", "/hook/",
        "hc-ping.com/", "/ping/", "/incoming/", "/private-", "/reset/", "/reset-password/", "/password-reset/",
        "/password/reset/", "/invite/", "/invitation/", "/invitations/", "/join/", "/magic/", "/magic-link/",
        "/magiclink/", "/verify/", "/verify-email/", "/confirm/", "/activate/", "/activation/", "/unsubscribe/",
        "/shared/", "/api/push/", "ntfy.sh/", "/ical/", "/feeds/", "/rss/", "/token/", "/tokens/", "/recover/",
        "/recovery/", "/einladung/", "/passwort/", "/freigabe/", "/secret/", "/secrets/", "/deploy-hooks/",
        "/deploy/srv-", "/build_hooks/", "/deploy_hooks/", "/trigger/", "/sso/", "/sign-in/", "/signin/",
        "/onetime/", "/subscribe/", "/apikey/", "/v1/events/", "/ms/", "/private/", "/webcal/", "/workflows/",
        "/triggers/", "/services/hooks/", "/heartbeat/", "/beat/", "/notify/", "/cb/", "/beacon/", "/ingest/",
        "/inbound/", "/relay/", "/unlock/", "/optin/", "/opt-in/", "/v2/enqueue/", "ifttt.com/",
    ]),
    (Rule::PemBegin, &[
        "-----begin ", "---- begin ", "-----begin%20", "-----begin+",
    ]),
    (Rule::PemEnd, &[
        "-----end ",
    ]),
    (Rule::Putty, &[
        "private-lines:",
    ]),
    (Rule::Vault, &[
        "$ansible_vault",
    ]),
    (Rule::Authorization, &[
        "authorization", "x-auth", "autorización",
    ]),
    (Rule::Scheme, &[
        "bearer ", "bearer\":", "bearer:", "basic ", "bearer%20", "bearer=", "apikey ",
    ]),
    (Rule::Cookie, &[
        "cookie:", "cookie\":", "cookie'", "cookie =", "cookie=", "cookies:",
    ]),
    (Rule::Chpasswd, &[
        "chpasswd", "passwd --stdin", "smbpasswd", "newusers", "sudo -s", "| kinit",
        "cryptsetup luks", "cryptsetup open", "passphrase-fd 0", "password-stdin", "passwd-on-stdin", "| su ",
        "passin stdin", "pass stdin", "secret create ",
    ]),
    (Rule::Literal, &[
        "--from-literal",
    ]),
    (Rule::Ntlm, &[
        ":::",
    ]),
    (Rule::KeyLog, &[
        "client_random ", "_traffic_secret ", "traffic_secret_0 ", "exporter_secret ",
    ]),
    (Rule::Smtp, &[
        "auth plain", "auth login", "auth cram", "auth xoauth2", "authenticate plain", "authenticate login",
        "auth=plain", "auth=login", "334 vxnl", "334 ugfz",
    ]),
    (Rule::Command, &[
        "PASS ", "LOGIN ", "AUTH ",
    ]),
    (Rule::Pair, &[
        "login", "logins", "credentials", "zugangsdaten", "creds", "zugang", "anmeldung", "identifiants",
        "credenciales", "user/pass", "username/password", "user/password", "account:", "inloggegevens",
        "credenziali", "dados de acesso", "přihlašovací údaje",
    ]),
    (Rule::Phrase, &[
        "mnemonic", "seed phrase", "seed words", "recovery phrase", "wallet seed", "seed:", "secret phrase",
        "recovery seed", "backup phrase", "bip39", "bip-39",
    ]),
    (Rule::Codes, &[
        "recovery code", "backup code", "scratch code", "2fa code", "wiederherstellungscode", "emergency code",
        "backup-code", "recovery-code", "backup_code", "recovery_code", "einmalcode", "one-time code",
        "one-time password", "verification code", "login code", "codes de secours", "tan-liste", "debugger pin",
        "pairing code", "security code", "access code", "sicherheitscode", "bestätigungscode", "unlock code",
        "activation code",
    ]),
    (Rule::SecretFile, &[
        "chap-secrets", "pap-secrets", "rsyncd.secrets", "sasl_passwd", ".pgpass", "rsync.pass", "ipsec.secrets",
        "ftpusers", "passwd-client", "users.passwd", "smtp-auth", "saslpass", "rsync.secrets", ".secrets", "davfs2/secrets",
        "sasl-passwd",
    ]),
    (Rule::KubernetesSecret, &[
        "kind: secret", "kind\":\"secret\"", "kind\": \"secret\"",
    ]),
    (Rule::NextWord, &[
        "identified by ", "encrypt_string ", "convertto-securestring ", "-setcookie ", "::add-mask::",
        "task.setsecret]", "setsecret(", "authtoken ", "insecure-password ", "--plaintext ", "--iscrypted ",
        " /pass:", "--pass ", "-storepass ", "-keypass ", "-passwd ", "--rootpw ", "-requirepass ", "--masterauth ",
        "chpasswd <<<", "set_password(", "create_user(", "-rfbauth-pass ", "--http-password ", "-xpass ",
        "luksopen-key ", "key content", "schlüsselinhalt", " /p:", "/password:",
    ]),
    (Rule::ToldWord, &[
        "unlocked using ", "unlocked with ", "decrypted with ", "encrypted with ", "logged in with ",
        "authenticated with ", "authenticate with ", "sign in with ", "log in with ", "login with ",
        "protected with ", "opened with ", "entsperren mit ", "entschlüsseln mit ", "anmelden mit ",
        "einloggen mit ", "unlock with ", "decrypt with ", "using secret ", "signed with ", "rotated to ",
        "enter code ", "code eingeben ", "device code ", " /p ", "identify ", "changed from ", "<<< ", " tried ",
        "(tried ", "<<<\"", "<<<'", "reset it to ", "changed it to ", "set it to ",
    ]),
    (Rule::LastWord, &[
        "sqlconnectinfo ", "]:587 ", "]:465 ", "]:25 ", "]:2525 ", "addauth digest ", "user.info=",
    ]),
    (Rule::LastArgument, &[
        "pdo->__construct(", "new pdo(", "mysqli_connect(", "new mysqli(", "mysqli->__construct(", "ftp_login(",
        "ssh2_auth_password(", "imap_open(", ".login(", "->login(", "drivermanager.getconnection(", "ldap_bind(",
        "simple_bind_s(", "->connect(", ".connect(",
        "->attempt(", ".auth(", "auth=(", "authenticate(", ".basic(", "basicauth(", "logon(", "[\"login\",",
        "[\"auth\",", "\"auth\",\"params\":[", "\"login\",\"params\":[", "aes_encrypt(",
        "aes_decrypt(", "authprovider(",
        "passwordauthentication(", "passwordcredentials(", "setauth(", " ftp(", "create_superuser(", "createsuperuser(",
    ]),
    (Rule::FirstArgument, &[
        "crypt(", "verify(", "md5(", "sha1(", "sha256(", "hmac.new(", "hash_hmac(", "authenticate(", "hash_password(",
        "password_hash(", "checkpw(", "check_password(", "hashpw(", "pgp_sym_decrypt(", "pgp_sym_encrypt(", "hash::make(", "bcrypt(", "generatefrompassword(", "jwt.sign(", "jwt.verify(", "jwt.encode(", "jwt.decode(", "aes.new(",
        "fernet(", "aesgcm(", "secretbox(", "createhmac(", "createcipheriv(", "set_password(", "setpassword(",
    ]),
    (Rule::Typed, &[
        ".type(", "send_keys(", ".fill(", "sendkeys(", ".write(b", ".write(", "xdotool type ", " stuff ",
    ]),
    (Rule::ShortPair, &[
        " p: ", " pw ", " pwd ",
    ]),
    (Rule::CharArray, &[
        "\".tochararray(",
    ]),
    (Rule::CopyRows, &[
        " from stdin;",
    ]),
    (Rule::Quoted, &[
        "mschapv2 \"", " eap \"", " xauth \"", "\"auth\" \"", "+cpin=\"", "\"auth\" \"default\" \"",
    ]),
    (Rule::AclRule, &[
        " on >", " +@all >", " resetpass >",
    ]),
    (Rule::Generated, &[
        "random_password", "random_string",
    ]),
    (Rule::WifiCode, &[
        "wifi:t:", "wifi:s:",
    ]),
    (Rule::UserPass, &[
        "<auth-user-pass>",
    ]),
    (Rule::PgPass, &[
        ":5432:",
    ]),
    (Rule::Send, &[
        "send \"", "send -- \"", "sendline(\"", "sendline('", "send '",
    ]),
    (Rule::Insert, &[
        "insert into ", "replace into ", "insert ignore into ",
    ]),
    (Rule::Login, &[
        "sudo -s", "runas ", "net user ", "change_password", "add_user ", "adduser ", "useradd ", "alias set ",
        "radtest ", "networkcredential(", "credentials(", "generic-password", "internet-password",
        "preset-passphrase", "schtasks", "kinit ", "authenticat", "credential", "zugangsdaten", "<<< ", "dav.",
        " as user ", "-user ", "--username", "logon", "log in", "einloggen", "anmelden", "anmeldung", "vncpasswd",
        "unlock", "entsperr", "passwd",
    ]),
    (Rule::Output, &[
        "pwgen", "openssl rand", "pass show ", "makepasswd", "mkpasswd", "apg -", "op read ", "bw get ", "gopass ",
        "keyctl ", "wg genkey", "wg genpsk", "head -c", "/dev/urandom", "base64 -d", "vault read", "vault kv get",
        "secrets get", "decrypt ", "gpg -d", "age -d", "sops -d", "printenv ", "get-secret-value", "token create ",
        "create token ", "gen-key", "genpass", "tr -dc", "cat ~/.vault_pass",
        "password.txt", "passwd.txt", "pass.txt", "secret.txt", "cat /run/secrets/", "initialadminpassword",
        "op item get", "secret-tool lookup", "find-generic-password", "find-internet-password", "lpass show",
        "keepassxc-cli show", "chamber read", "secrets versions access", "config:get ", "keyvault secret show",
        "initial-password",
    ]),
    (Rule::UserAt, &[
        "@tcp(", "@unix(", "@//", "@(description",
    ]),
];
