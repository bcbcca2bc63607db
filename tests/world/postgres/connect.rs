//! Who answers, and whether it may be believed.

use std::{net::SocketAddr, path::Path, process::Command};

use deploy_ops_mcp::{
    domain::{
        inventory::{DatabaseServer, Tls},
        refusal::Code,
    },
    world::{WorldError, database::DatabaseIdentity},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{assert_silent, server, world_of};
use crate::support::{
    postgres::{PASSWORD, Postgres},
    sandbox::Sandbox,
};

async fn identity(server: &DatabaseServer) -> Result<DatabaseIdentity, WorldError> {
    identity_in(&world_of(&[("main", server.clone())], PASSWORD)).await
}

async fn identity_in(sandbox: &Sandbox) -> Result<DatabaseIdentity, WorldError> {
    sandbox.world.reader().database_identity(&"main".parse().unwrap()).await
}

fn verified(ca: &Path) -> Tls {
    Tls::Verify { ca: Some(ca.to_owned()) }
}

/// Makes the server show a certificate for `subject` that was valid in that year.
fn certify(postgres: &Postgres, subject: &str, year: u32) {
    let directory = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let extensions = format!(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\npolicy = p\n\
         x509_extensions = x\n[p]\ncommonName = supplied\n[x]\nbasicConstraints = critical,CA:FALSE\n\
         subjectAltName = {subject}\n"
    );
    for (name, text) in [("cnf", extensions.as_str()), ("index", ""), ("serial", "01\n")] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "server.key"]);
    openssl(&["req", "-new", "-key", "server.key", "-subj", "/CN=test", "-out", "csr"]);
    let (from, until) = (format!("{year}0101000000Z"), format!("{year}1231235959Z"));
    let sign =
        ["ca", "-batch", "-selfsign", "-config", "cnf", "-keyfile", "server.key", "-in", "csr", "-out", "server.crt"];
    openssl(&[&sign[..], &["-notext", "-startdate", &from, "-enddate", &until]].concat());
    for name in ["server.key", "server.crt"] {
        // Written in place, so that owner and permissions stay.
        let to = postgres.certificate().with_file_name(name);
        std::fs::write(to, std::fs::read(directory.path().join(name)).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_server_is_believed_by_its_certificate_at_its_socket_and_on_loopback_when_told_so() {
    let postgres = Postgres::start().await;
    let database = postgres.database("connect").await;
    // Its size may change from one look to the next: PostgreSQL vacuums when it likes.
    let who = async |server: &DatabaseServer| {
        let found = identity(server).await.unwrap();
        (found.engine, found.identity)
    };
    let by_socket = who(&server(&database)).await;
    let tcp = DatabaseServer { address: database.host.clone(), ..server(&database) };
    assert_eq!(who(&tcp).await, by_socket);
    for address in ["127.0.0.1", "localhost"] {
        let tls =
            DatabaseServer { address: address.into(), tls: verified(&postgres.certificate()), ..server(&database) };
        assert_eq!(who(&tls).await, by_socket, "{address}");
    }
    // Nobody has signed it.
    let unknown = DatabaseServer { tls: Tls::Verify { ca: None }, ..tcp.clone() };
    let refused = identity(&unknown).await.unwrap_err();
    assert_eq!(refused.problem, "its server does not prove who it is with a certificate");
    let missing = DatabaseServer { tls: verified(Path::new("/nowhere/ca.pem")), ..tcp };
    identity(&missing).await.unwrap_err();
}

#[tokio::test]
async fn a_certificate_of_another_name_and_one_that_ran_out_are_refused() {
    let mut postgres = Postgres::alone().await;
    let database = postgres.database("connect").await;
    let year: u32 = jiff::Timestamp::now().to_string()[..4].parse().unwrap();
    for (subject, year, is_good) in [
        ("DNS:db.example.org", year, false),
        ("DNS:localhost,IP:127.0.0.1", year - 1, false),
        ("DNS:localhost,IP:127.0.0.1", year, true),
    ] {
        certify(&postgres, subject, year);
        postgres.stop();
        postgres.start_again().await;
        let tls = verified(&postgres.certificate());
        match identity(&DatabaseServer { address: "localhost".into(), tls, ..server(&database) }).await {
            Ok(_) => assert!(is_good, "{subject} {year}"),
            Err(refused) => {
                assert_eq!(refused.problem, "its server does not prove who it is with a certificate");
                assert!(!is_good, "{subject} {year}");
            }
        }
    }
}

/// A server that answers one request with `answer`, and what it was told afterwards.
async fn stub(answer: &'static [u8]) -> (SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        peer.read_exact(&mut request).await.unwrap();
        peer.write_all(answer).await.unwrap();
        let mut told = Vec::new();
        let _ = peer.read_to_end(&mut told).await;
        told
    });
    (address, told)
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let postgres = Postgres::start().await;
    let database = postgres.database("connect").await;
    let (address, told) = stub(b"N").await;
    let downgraded = DatabaseServer {
        address: "127.0.0.1".into(),
        port: address.port(),
        tls: verified(&postgres.certificate()),
        ..server(&database)
    };
    let refused = identity(&downgraded).await.unwrap_err();
    assert_eq!(refused.problem, "its server does not prove who it is with a certificate");
    assert_eq!(told.await.unwrap(), b"", "not even the name of the user");
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_dsn_and_without_the_servers_words() {
    let postgres = Postgres::start().await;
    let database = postgres.database("connect").await;
    let good = server(&database);
    let check = async |server: DatabaseServer, password: &str, problem: &str| {
        let error = identity_in(&world_of(&[("main", server)], password)).await.unwrap_err();
        assert_eq!((error.code, error.problem.as_str()), (Code::WorldFailed, problem));
        assert_silent(&error, &[password, &database.user, PASSWORD, "FATAL"]);
    };
    let missing = DatabaseServer { database: "nowhere".into(), ..good.clone() };
    check(missing, PASSWORD, "the server has no database of that name").await;
    check(good.clone(), "wrong-canary-6Tq9", "the server refused the login").await;
    let nobody = DatabaseServer { user: "nobody_canary".into(), ..good.clone() };
    check(nobody, PASSWORD, "the server refused the login").await;
    let closed = DatabaseServer { address: "127.0.0.1".into(), port: 9, ..good.clone() };
    check(closed, PASSWORD, "its server cannot be reached").await;
    let (address, _told) = stub(b"").await;
    let silent = DatabaseServer { address: "127.0.0.1".into(), port: address.port(), ..good.clone() };
    check(silent, PASSWORD, "its server did not answer within 10 s").await;
    let liar = stub(b"E\0\0\0\x20SFATAL\0C28P01\0Mcanary-words\0\0").await.0;
    let liar = DatabaseServer { address: "127.0.0.1".into(), port: liar.port(), ..good };
    let error = identity(&liar).await.unwrap_err();
    assert_silent(&error, &["canary-words"]);
}

#[tokio::test]
async fn an_ordinary_role_knows_who_answers_even_when_the_server_tells_it_less() {
    let postgres = Postgres::alone().await;
    let (database, other) = (postgres.database("connect").await, postgres.database("connect").await);
    let found = identity(&server(&database)).await.unwrap();
    assert!(found.engine.starts_with("postgres 1") && found.bytes > 1_000_000, "{found:?}");
    let twice = Postgres::of_another_cluster().await;
    let twice = twice.database("connect").await;
    let elsewhere = identity(&server(&twice)).await.unwrap().identity;
    assert_ne!(found.identity.split('/').next(), elsewhere.split('/').next(), "another cluster");
    for database in [&database, &other] {
        let revoke = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC";
        postgres.execute_in(database, revoke).await;
    }
    let less = identity(&server(&database)).await.unwrap().identity;
    assert_eq!(less, identity(&server(&database)).await.unwrap().identity);
    assert!(less.starts_with("role-"), "{less}");
    assert_ne!(less, identity(&server(&other)).await.unwrap().identity);
}
