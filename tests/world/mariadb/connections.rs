//! Connections: verified, limited, told apart.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use deploy_ops_mcp::{
    domain::{
        inventory::{Engine, SecretReference, Tls},
        refusal::Code,
        snapshot::SnapshotLevel,
    },
    world::WorldError,
};
use tempfile::TempDir;

use super::{Stand, reached};
use crate::support::mariadb::{Features, MariaDb};

/// An authority with one certificate for a server.
struct Authority {
    directory: TempDir,
}

impl Authority {
    /// The certificate is for `name`, and valid until `until`.
    fn with_certificate(name: &str, until: &str) -> Self {
        let directory = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let path = directory.path();
        fs::write(
            path.join("ca.cnf"),
            format!(
                "[ca]\ndefault_ca = own\n[own]\ndir = .\ndatabase = index\nserial = serial\nnew_certs_dir = .\ncertificate = ca.pem\n\
                 private_key = ca.key\ndefault_md = sha256\npolicy = any\nx509_extensions = leaf\nunique_subject = no\n\
                 [any]\ncommonName = supplied\n[leaf]\nbasicConstraints = CA:FALSE\nsubjectAltName = {name}\n"
            ),
        )
        .unwrap();
        fs::write(path.join("index"), "").unwrap();
        fs::write(path.join("serial"), "01\n").unwrap();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority = ["req", "-x509", "-days", "3650", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(path, &[&authority[..], &key].concat());
        openssl(
            path,
            &[&["req", "-subj", "/CN=server", "-keyout", "key.pem", "-out", "request.pem"][..], &key].concat(),
        );
        let sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-startdate", "20200101000000Z", "-enddate", until];
        openssl(path, &[&sign[..], &["-in", "request.pem", "-out", "cert.pem"]].concat());
        for file in ["key.pem", "cert.pem", "ca.pem"] {
            fs::set_permissions(path.join(file), Permissions::from_mode(0o644)).unwrap();
        }
        Self { directory }
    }

    async fn server(&self) -> MariaDb {
        let file = |name: &str| self.directory.path().join(name).display().to_string();
        let arguments = [format!("--ssl-cert={}", file("cert.pem")), format!("--ssl-key={}", file("key.pem"))];
        let arguments: Vec<&'static str> = arguments.into_iter().map(|argument| &*argument.leak()).collect();
        MariaDb::with(Features { arguments: arguments.leak(), ..Features::default() }).await
    }
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn look(stand: &Stand) -> Result<(), WorldError> {
    stand.sandbox.world.reader().database_identity(&"main".parse().unwrap()).await.map(|_| ())
}

fn with_tls(stand: &Stand, tls: Tls) -> Stand {
    let mut server = reached(&stand.database);
    server.tls = tls;
    Stand::over(stand.server, stand.database.clone(), move |inventory| {
        inventory.databases.values_mut().next().unwrap().engine = Engine::Mariadb(server);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_with_a_verified_certificate_is_spoken_to() {
    const LATER: &str = "20490101000000Z";
    for (name, until, accepted) in [
        ("IP:127.0.0.1", LATER, true),
        ("DNS:other.example.org", LATER, false),
        ("IP:127.0.0.1", "20210101000000Z", false),
    ] {
        let authority = Authority::with_certificate(name, until);
        let server: &'static MariaDb = Box::leak(Box::new(authority.server().await));
        let stand = Stand::on(server, "tls", |_| {}).await;
        let ca = Some(authority.directory.path().join("ca.pem"));
        let known = with_tls(&stand, Tls::Verify { ca });
        let seen = look(&known).await;
        assert_eq!(seen.is_ok(), accepted, "{name} {until}: {seen:?}");
        if let Err(error) = seen {
            assert!(error.problem.contains("certificate"), "{error:?}");
            continue;
        }
        // By an authority that the system does not know.
        assert!(look(&with_tls(&stand, Tls::Verify { ca: None })).await.unwrap_err().problem.contains("certificate"));
        // The client programs verify as well.
        stand.database.execute("CREATE TABLE t (n INT) ENGINE = InnoDB; INSERT INTO t VALUES (1)").await;
        assert_eq!(known.take("tls-1").await.unwrap().level, SnapshotLevel::Verified);
    }
    // One that offers none gets neither the password nor a query.
    let plain = Stand::new("plain").await;
    let refused = look(&with_tls(&plain, Tls::Verify { ca: None })).await.unwrap_err();
    assert!(refused.problem.contains("offers no TLS"), "{refused:?}");
    look(&plain).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_and_any_password_work_for_our_connections_and_for_client_programs() {
    let stand = Stand::new("socket").await;
    let odd = "a #\\ \"odd' p;w`$é\\n=7Jq2";
    let quoted = odd.replace('\\', "\\\\").replace('\'', "\\'");
    let user = &stand.database.user;
    stand.server.execute(&format!("ALTER USER '{user}'@'localhost' IDENTIFIED BY '{quoted}'")).await;
    let mut server = reached(&stand.database);
    server.address = stand.database.socket.display().to_string();
    server.password = "ODD".parse().unwrap();
    let over_socket = Stand::over(stand.server, stand.database.clone(), |inventory| {
        inventory.databases.values_mut().next().unwrap().engine = Engine::Mariadb(server);
        let command = ["printf", "%s", odd].map(str::to_owned).to_vec();
        inventory.secrets.insert("ODD".parse().unwrap(), SecretReference::Command { command });
    });
    over_socket.database.execute("CREATE TABLE t (n INT) ENGINE = InnoDB; INSERT INTO t VALUES (1)").await;
    assert_eq!(over_socket.take("socket-1").await.unwrap().level, SnapshotLevel::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_stays_over_a_restart_and_is_not_shared() {
    let mut own = MariaDb::with(Features::default()).await;
    let database = own.database("who").await;
    let identity = async |stand: &Stand| {
        stand.sandbox.world.reader().database_identity(&"main".parse().unwrap()).await.unwrap().identity
    };
    own.execute(&format!(
        "ALTER USER '{0}'@'127.0.0.1' IDENTIFIED BY '{1}'",
        database.user,
        crate::support::sandbox::TOKEN
    ))
    .await;
    let shared = Stand::new("who").await;
    let stand = Stand::over(shared.server, database, |_| {});
    let before = identity(&stand).await;
    own.stop();
    own.start_again().await;
    assert_eq!(identity(&stand).await, before);
    let other = Stand::new("who").await;
    let (one, two) = (identity(&shared).await, identity(&other).await);
    assert_ne!(one, before, "another server");
    assert_ne!(one, two, "another database");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_is_wrong_in_our_words() {
    let stand = Stand::new("wrong").await;
    let cases: [(fn(&mut deploy_ops_mcp::domain::inventory::DatabaseServer), &str); 4] = [
        (|server| server.database = "no_such".to_owned(), "refused the login"),
        (|server| server.user = "nobody_known".to_owned(), "refused the login"),
        (|server| server.port = 1, "cannot be reached"),
        (|server| server.address = "/nowhere/mysql.sock".to_owned(), "cannot be reached"),
    ];
    for (change, problem) in cases {
        let mut server = reached(&stand.database);
        change(&mut server);
        let wrong = Stand::over(stand.server, stand.database.clone(), |inventory| {
            inventory.databases.values_mut().next().unwrap().engine = Engine::Mariadb(server);
        });
        let error = look(&wrong).await.unwrap_err();
        assert_eq!(error.code, Code::WorldFailed);
        let said = format!("{} {} {}", error.doing, error.problem, error.fix);
        assert!(said.contains(problem), "{said}");
        for unsaid in ["127.0.0.1", "no_such", "nobody_known", "nowhere", &stand.database.user] {
            assert!(!said.contains(unsaid), "{said}");
        }
    }
}
