//! Databases that are made to restore a snapshot into, and dropped again.

use super::login::Login;
use crate::world::{
    WorldError,
    database::{
        Access,
        mariadb::{Connection, quoted},
    },
};

const PREFIX: &str = "deployops_v_";
/// What is older was left by a run that was killed, s.
const LEFT_OVER: u64 = 24 * 60 * 60;

/// A scratch database.
pub(super) struct Scratch {
    pub(super) name: String,
}

impl Scratch {
    /// Makes one, and removes old ones that were left over.
    pub(super) async fn create(login: &Login<'_>, now: u64) -> Result<Self, WorldError> {
        let mut connection = login.connect(&login.server.database, Access::Change).await?;
        let found = connection.rows("SELECT schema_name FROM information_schema.schemata").await?;
        for name in found.into_iter().flatten().flatten().filter(|name| is_left_over(name, now)) {
            connection.execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&name))).await?;
        }
        let random = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{PREFIX}{now:010x}_{}", random.get(..12).unwrap_or_default());
        create(&mut connection, &name).await.map_err(|error| {
            refused(
                error,
                "GRANT ALL ON `deployops\\_v\\_%`.* to the user of deploy-ops.toml, or name with `scratch` a database on a server \
                 where its user may create databases.",
            )
        })?;
        connection.close().await?;
        Ok(Self { name })
    }

    /// Drops it.
    pub(super) async fn drop(self, login: &Login<'_>) -> Result<(), WorldError> {
        let mut connection = login.connect(&login.server.database, Access::Change).await?;
        connection.execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&self.name))).await?;
        connection.close().await
    }
}

/// Makes an empty database.
pub(super) async fn create(connection: &mut Connection, name: &str) -> Result<(), WorldError> {
    connection.execute(&format!("CREATE DATABASE {}", quoted(name))).await
}

/// Names the right that is missing, when that is the problem.
pub(super) fn refused(error: WorldError, fix: &str) -> WorldError {
    if ![1044, 1142].contains(&Connection::number(&error)) {
        return error;
    }
    let problem = "the user may not create a database to restore the snapshot into";
    WorldError { problem: problem.to_owned(), fix: fix.to_owned(), ..error }
}

/// Whether a database is one of ours from more than a day ago; its name says when it was made.
fn is_left_over(name: &str, now: u64) -> bool {
    let made = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let made = made.filter(|(at, random)| at.len() == 10 && random.len() == 12);
    made.and_then(|(at, _)| u64::from_str_radix(at, 16).ok()).is_some_and(|at| now.saturating_sub(at) > LEFT_OVER)
}

#[cfg(test)]
mod tests {
    use super::is_left_over;

    #[test]
    fn only_ours_and_only_old_ones_are_left_over() {
        let now = 2_000_000_000;
        let name = |at: u64| format!("deployops_v_{at:010x}_0123456789ab");
        assert!(is_left_over(&name(now - 90_000), now));
        assert!(!is_left_over(&name(now - 80_000), now));
        assert!(!is_left_over(&name(now + 90_000), now));
        assert!(!is_left_over("deployops_v_shop", now));
        assert!(!is_left_over("deployops_v_0000000001_shop", now));
        assert!(!is_left_over("shop", now));
    }
}
