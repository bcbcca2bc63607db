//! Who answers, and whether it may be believed.

use std::{net::SocketAddr, path::Path, process::Command};

use deploy_ops_mcp::{
    domain::{inventory::{DatabaseServer, Tls}, refusal::Code},
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

/// Makes the server show a certificate that `openssl req` was told to make.
fn certify(postgres: &mut Postgres, subject: &str, more: &[&str]) {
    let certificate = postgres.certificate();
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key"])
        .args(["-out", "server.crt", "-subj", "/CN=test", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", &format!("subjectAltName={subject}")])
        .args(more)
        .current_dir(directory.path())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    for name in ["server.key", "server.crt"] {
        // Written in place, so that owner and permissions stay.
        let to = certificate.with_file_name(name);
        std::fs::write(to, std::fs::read(directory.path().join(name)).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_server_is_believed_by_its_certificate_at_its_socket_and_on_loopback_when_told_so() {
    let postgres = Postgres::start().await;
    let database = postgres.database("connect").await;
    let by_socket = identity(&server(&database)).await.unwrap();
    let tcp = DatabaseServer { address: database.host.clone(), ..server(&database) };
    assert_eq!(identity(&tcp).await.unwrap(), by_socket);
    for address in ["127.0.0.1", "localhost"] {
        let tls = DatabaseServer { address: address.into(), tls: verified(&postgres.certificate()), ..server(&database) };
        assert_eq!(identity(&tls).await.unwrap(), by_socket, "{address}");
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
    for (subject, more) in [
        ("DNS:db.example.org", &["-days", "3650"][..]),
        ("DNS:localhost,IP:127.0.0.1", &["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"]),
        ("DNS:localhost,IP:127.0.0.1", &["-days", "3650"]),
    ] {
        certify(&mut postgres, subject, more);
        postgres.stop();
        postgres.start_again().await;
        let tls = verified(&postgres.certificate());
        let found = identity(&DatabaseServer { address: "localhost".into(), tls, ..server(&database) }).await;
        if subject.contains("localhost") && more[0] == "-days" {
            found.unwrap();
        } else {
            assert_eq!(found.unwrap_err().problem, "its server does not prove who it is with a certificate", "{subject}");
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
    let twice = Postgres::start().await.database("connect").await;
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
