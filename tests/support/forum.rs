//! The sandbox's forum, with its database on a real server.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use deploy_ops_mcp::demo::sandbox::Sandbox;

use super::{
    mariadb::{self, MariaDb},
    postgres::{self, Postgres},
};

/// A PostgreSQL database whose owner may do what snapshots and restores need, as the forum's.
pub(crate) async fn on_postgres(sandbox: &Sandbox) -> (&'static Postgres, postgres::Database) {
    let server = Postgres::start().await;
    let database = server.database("forum").await;
    server.execute(&format!("ALTER ROLE {} CREATEDB", database.user)).await;
    let entry = format!(
        "engine = \"postgres\"\naddress = \"{}\"\nport = {}\ndatabase = \"{}\"\nuser = \"{}\"",
        database.socket.display(),
        database.port,
        database.name,
        database.user
    );
    move_to(sandbox, &entry, &database.password);
    (server, database)
}

/// A MariaDB database whose user may do what snapshots and restores need, as the forum's.
pub(crate) async fn on_mariadb(sandbox: &Sandbox) -> (&'static MariaDb, mariadb::Database) {
    let server = MariaDb::start().await;
    let database = server.database("forum").await;
    let (user, beside) = (&database.user, database.name.replace('_', "\\_"));
    for host in ["localhost", "127.0.0.1"] {
        for databases in ["deployops\\_v\\_%", &format!("{beside}\\_\\_%")] {
            server.execute(&format!("GRANT ALL ON `{databases}`.* TO '{user}'@'{host}'")).await;
        }
    }
    let entry = format!(
        "engine = \"mariadb\"\naddress = \"127.0.0.1\"\nport = {}\ndatabase = \"{}\"\nuser = \"{user}\"\ntls = \"off\"",
        database.port, database.name
    );
    move_to(sandbox, &entry, &database.password);
    (server, database)
}

/// Replaces the forum's entry. The password lies in a file of the sandbox.
fn move_to(sandbox: &Sandbox, entry: &str, password: &str) {
    let secret = sandbox.directory.join("secrets/forum_server");
    std::fs::write(&secret, password).unwrap();
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string(&sandbox.config).unwrap();
    let begin = text.find("[databases.forum]\n").unwrap();
    let end = begin + text[begin..].find("\n\n").unwrap();
    let entry = format!("[databases.forum]\n{entry}\npassword = \"FORUM_SERVER\"");
    let text = format!("{}{entry}{}", &text[..begin], &text[end..]);
    let secrets = format!("[secrets]\nFORUM_SERVER = \"file:{}\"\n", secret.display());
    std::fs::write(&sandbox.config, text.replacen("[secrets]\n", &secrets, 1)).unwrap();
}
