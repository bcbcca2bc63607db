//! The sandbox's `deploy-ops.toml`.

use std::path::Path;

use super::{Approvals, web::Web};

/// One production environment, one local host, three services.
pub(super) fn text(directory: &Path, program: &Path, web: &Web, approvals: Approvals) -> String {
    let root = directory.display();
    let program = program.display();
    let tier = match approvals {
        Approvals::Needed => "production",
        Approvals::NotNeeded => "staging",
    };
    let url = |service: &str| web.url(service).unwrap_or_default();
    format!(
        r#"# The demo's infrastructure. Everything lies in this directory; delete it when you are done.
[state]
data = "data"
reports = "quality-reports"

[environments.production]
tier = "{tier}"

[hosts.here]
kind = "local"
root = "{root}/srv"

[secrets]
FORUM_DB_PASSWORD = "file:{root}/secrets/forum_db"
SHOP_API_KEY = "file:{root}/secrets/shop_api"

[roots]
logs = "{root}/log"
scripts = "{root}/repository/deployment-scripts"

[databases.shop]
engine = "sqlite"
path = "{root}/srv/shop.db"
migrations = "alembic"

[databases.forum]
engine = "sqlite"
path = "{root}/srv/forum.db"

[gates.scripts]
command = ["sh", "deployment-scripts/gate.sh"]
timeout_s = 30

[services.shop]
description = "The shop: release directories and a migrated database"
repository = "{root}/repository"
gates = ["scripts"]
secrets = ["SHOP_API_KEY"]
env_example = ".env.example"

[services.shop.deploy]
kind = "release"
artifact = "shop"
keep = 3
migrate = {{ path = "deployment-scripts/migrate-shop.sh", timeout_s = 30, environment = {{ DEPLOY_OPS = "{program}", SHOP_DB = "{root}/srv/shop.db" }} }}

[services.shop.targets.production]
host = "here"
root = "shop"
url = "{shop}"
databases = ["shop"]

[[services.shop.smoke]]
name = "health"
kind = "http"
path = "/health"
contains = "ok"
attempts = 1

[services.forum]
description = "The forum: its own scripts, one of which prints a password"
repository = "{root}/repository"
gates = ["scripts"]
secrets = ["FORUM_DB_PASSWORD"]

[services.forum.deploy]
kind = "script"
script = {{ path = "deployment-scripts/deploy-forum.sh", arguments = ["{{version}}"], timeout_s = 60, secrets = ["FORUM_DB_PASSWORD"], environment = {{ HOLD_FILE = "{root}/hold" }} }}
dry_run_argument = "--dry-run"
rollback = {{ path = "deployment-scripts/rollback-forum.sh", timeout_s = 60 }}

[services.forum.targets.production]
host = "here"
root = "forum"
url = "{forum}"
databases = ["forum"]

[services.games]
description = "The games: a script whose --dry-run lies"
repository = "{root}/repository"

[services.games.deploy]
kind = "script"
script = {{ path = "deployment-scripts/deploy-games.sh", timeout_s = 30 }}
dry_run_argument = "--dry-run"
rollback = {{ path = "deployment-scripts/rollback-forum.sh", timeout_s = 30 }}

[services.games.targets.production]
host = "here"
root = "games"
url = "{games}"
"#,
        shop = url("shop"),
        forum = url("forum"),
        games = url("games"),
    )
}
