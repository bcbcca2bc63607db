//! What a database declares beside its tables: triggers, routines, events and views. Tables can be moved to another database,
//! these cannot; they are written down by the dump tool, dropped, and declared again where they belong.

use std::fs::OpenOptions;

use super::{load, stream::Confined, swap::Swap};
use crate::{
    domain::refusal::Code,
    world::{
        WorldError,
        database::mariadb::quoted,
        process::{self, Invocation},
    },
};

/// The kinds, with where their names stand. Views may need routines, so they come last and go first.
const KINDS: [(&str, &str); 5] = [
    ("EVENT", "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema"),
    ("TRIGGER", "SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema"),
    ("VIEW", "SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema"),
    (
        "FUNCTION",
        "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_type = 'FUNCTION' AND routine_schema",
    ),
    (
        "PROCEDURE",
        "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_type = 'PROCEDURE' AND routine_schema",
    ),
];

/// What keeps a table from being moved, or acts on it by itself.
pub(super) const ACTIVE: &[&str] = &["EVENT", "TRIGGER"];
pub(super) const ALL: &[&str] = &["EVENT", "TRIGGER", "VIEW", "FUNCTION", "PROCEDURE"];

impl Swap<'_> {
    /// Statements that declare all of `database` again, in whichever database they are run. `events` are those to be switched on
    /// besides those that are on.
    pub(super) async fn definitions(&self, database: &str, events: &[String]) -> Result<Vec<u8>, WorldError> {
        let options =
            ["--single-transaction", "--no-data", "--no-tablespaces", "--skip-dump-date", "--skip-add-drop-table"];
        let mut arguments = options.to_vec();
        arguments.extend(["--no-create-info", "--routines", "--triggers", "--events", "--", database]);
        let mut statements = self.tool_output(&arguments).await?;
        let mut connection = self.connect().await?;
        let views = connection
            .rows(&format!(
                "SELECT table_name FROM information_schema.views WHERE table_schema = '{}' ORDER BY 1",
                literal(database)
            ))
            .await?;
        connection.close().await?;
        let views: Vec<String> = views.into_iter().flatten().flatten().collect();
        if !views.is_empty() {
            let mut arguments = options.to_vec();
            arguments.extend(["--skip-triggers", "--", database]);
            arguments.extend(views.iter().map(String::as_str));
            statements.extend(self.tool_output(&arguments).await?);
        }
        let mut text = Vec::with_capacity(statements.len());
        let mut confined = Confined::new(&mut text);
        let io = |e| WorldError::io("write down what a database declares", e);
        std::io::Write::write_all(&mut confined, &statements).map_err(io)?;
        for event in confined.finish().map_err(io)?.iter().chain(events) {
            text.extend(format!("ALTER EVENT {event} ENABLE;\n").into_bytes());
        }
        Ok(text)
    }

    /// Declares in `database` what was written down.
    pub(super) async fn declare(&self, database: &str, statements: Vec<u8>) -> Result<(), WorldError> {
        load::run(&self.login, &self.client, self.directory.path(), database, statements).await
    }

    /// Drops what `database` declares of these kinds.
    pub(super) async fn undeclare(&self, database: &str, kinds: &[&str]) -> Result<(), WorldError> {
        let mut connection = self.connect().await?;
        for (kind, query) in KINDS.iter().filter(|(kind, _)| kinds.contains(kind)) {
            let names = connection.rows(&format!("{query} = '{}'", literal(database))).await?;
            for name in names.into_iter().filter_map(|row| row.into_iter().nth(1).flatten()) {
                let drop = format!("DROP {kind} IF EXISTS {}.{}", quoted(database), quoted(&name));
                connection.execute(&drop).await?;
            }
        }
        connection.close().await
    }

    /// What the dump tool writes, complete.
    async fn tool_output(&self, arguments: &[&str]) -> Result<Vec<u8>, WorldError> {
        let doing = "write down what a database declares";
        let io = |e| WorldError::io(doing, e);
        let path = self.directory.path().join("definitions.sql");
        let _ = std::fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(io)?;
        let mut invocation: Invocation = self.dump.invocation(&self.login, self.directory.path(), arguments)?;
        invocation.output = Some(file);
        let watch = self.login.watch();
        let finished = process::run(invocation).await?;
        self.dump.judge(doing, finished.ending, &finished.output).map_err(|error| watch.explain(error))?;
        let text = std::fs::read(&path).map_err(io)?;
        if memchr::memmem::rfind(&text, b"\n-- Dump completed").is_none() {
            return Err(WorldError::new(
                Code::WorldFailed,
                doing,
                format!("{} ended without its end mark", self.dump.describe()),
                "Try again, and look at the server's log when it happens again.",
            ));
        }
        Ok(text)
    }
}

/// A name inside the quotes of a text.
pub(super) fn literal(name: &str) -> String {
    name.replace('\\', "\\\\").replace('\'', "''")
}
