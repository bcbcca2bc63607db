//! Databases that answer only on Unix sockets of a host, as those of shared hosting do.

use std::os::unix::net::UnixStream;

use serde_json::json;

use super::tunnels::{Behind, Tls, found};
use crate::support::wait::until;

/// Makes each of its pairs of arguments a socket that leads to a port.
const SOCKETS: &str = r#"
import socket, sys, threading
def pour(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for end in (a, b):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(path, port):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(50)
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        for ends in ((near, far), (far, near)): threading.Thread(target=pour, args=ends, daemon=True).start()
pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
threads = [threading.Thread(target=serve, args=(path, int(port))) for path, port in pairs]
for thread in threads: thread.start()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn databases_on_sockets_of_a_host_are_looked_at_and_snapshotted() {
    let behind = Behind::new(Tls::Off).await;
    let (host, root) = (&behind.host, behind.host.root());
    host.plant("sockets.py", SOCKETS);
    let (postgres, mariadb) = (format!(".s.PGSQL.{}", behind.forum.port), "mariadb.sock");
    let pairs = format!("{root}/{postgres} {} {root}/{mariadb} {}", behind.forum.port, behind.crm.port);
    let started = host.run(&format!("setsid python3 sockets.py {pairs} >/dev/null 2>&1 </dev/null & echo $!")).await;
    until(|| (host.path(&postgres).exists() && host.path(mariadb).exists()).then_some(())).await;
    // PostgreSQL's clients name the directory and the port, MariaDB's the socket.
    behind.house.configure(|text| {
        let port = |port: u16| format!("address = \"127.0.0.1\"\nport = {port}\n");
        let forum = format!("address = \"{root}\"\nport = {}\n", behind.forum.port);
        text.replacen(&port(behind.forum.port), &forum, 1)
            .replacen(&port(behind.crm.port), &format!("address = \"{root}/{mariadb}\"\n"), 1)
            .replace("via = \"web\"\ntls = \"off\"", "via = \"web\"")
    });
    let client = behind.house.server().await;
    let looked = client.call("inspect_db", json!({ "databases": ["forum", "crm"] })).await;
    for database in ["forum", "crm"] {
        assert!(found(&looked, database).contains("DB connection successful"), "{}", looked.text);
    }
    let taken = client.call("snapshot_db", json!({ "databases": ["forum", "crm"], "wait_s": 40 })).await;
    assert_eq!(client.ended(taken.get("/operation/id")).await, "succeeded", "{}", taken.text);
    // A socket that nobody listens on any more is told from a host that is away.
    host.run(&format!("kill {}", started.stdout.trim())).await;
    let silent = |socket: &str| UnixStream::connect(host.path(socket)).is_err();
    until(|| (silent(&postgres) && silent(mariadb)).then_some(())).await;
    let refused = client.call("inspect_db", json!({ "databases": ["forum", "crm"] })).await;
    for database in ["forum", "crm"] {
        assert!(found(&refused, database).contains("nothing answers host web at that address"), "{}", refused.text);
    }
    behind.assert_silent(&[looked, taken, refused], &client).await;
}
