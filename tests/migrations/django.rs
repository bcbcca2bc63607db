//! Django itself, on SQLite and PostgreSQL.

use deploy_ops_mcp::domain::inventory::MigrationTool;

use super::bench::{Bench, Real, given, good, run};

/// Settings, models and the command line in one file.
const MANAGE: &str = "\
import os, sys
from django.conf import settings

engine, name, user, password, port = os.environ['DJANGO_DB'].split('|')
settings.configure(
    INSTALLED_APPS=['django.contrib.contenttypes', 'shop'],
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    DATABASES={'default': {'ENGINE': engine, 'NAME': name, 'USER': user, 'PASSWORD': password, 'HOST': '127.0.0.1', 'PORT': port}},
)
from django.core.management import execute_from_command_line
execute_from_command_line(['manage.py', *sys.argv[1:]])
";

fn migration(after: &str, operations: &str) -> String {
    format!(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [{after}]\n    \
         operations = [{operations}]\n"
    )
}

async fn history_of_an_application(bench: Bench) {
    let id = "('id', models.BigAutoField(primary_key=True))";
    let one = migration("", &format!("migrations.CreateModel('Item', [{id}])"));
    let two = migration("('shop', '0001_initial')", "migrations.AddField('Item', 'n', models.IntegerField(default=0))");
    let files = [
        ("manage.py", MANAGE),
        ("shop/__init__.py", ""),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", &one),
        ("shop/migrations/0002_n.py", &two),
    ];
    bench.sandbox.commit(&files, "v2");
    assert_eq!(bench.pending("v2").await, ["shop.0001_initial", "shop.0002_n"]);
    let database = match &bench.real {
        Real::Sqlite(path) => format!("django.db.backends.sqlite3|{}|||", path.display()),
        Real::Postgres(d) => format!("django.db.backends.postgresql|{}|{}|{}|{}", d.name, d.user, d.password, d.port),
        Real::Mariadb(_) => unreachable!(),
    };
    let python = given("DEPLOY_OPS_TEST_TOOLS").join("python/bin/python");
    let migrate = |arguments: &[&str]| {
        let all = [&["manage.py", "migrate"], arguments].concat();
        good(&run(&python, &all, bench.repository(), &[("DJANGO_DB", &database)]));
    };
    migrate(&["shop", "0001"]);
    let first = bench.applied().await;
    assert_eq!(first.head.as_deref(), Some("shop.0001_initial"));
    assert!(first.applied.iter().all(|migration| migration.applied_at.is_some()), "{first:?}");
    assert_eq!(bench.pending("v2").await, ["shop.0002_n"]);
    migrate(&[]);
    assert_eq!(bench.pending("v2").await, Vec::<String>::new());
    let all = bench.applied().await;
    let ids: Vec<String> = first.applied.iter().map(|migration| migration.id.clone()).collect();
    assert_eq!(all.applied_since(&ids), 3, "two of the framework and one of the application: {all:?}");
    assert_eq!(bench.standing("v2").await.missing, Vec::<String>::new(), "those of packages are no surprise");
}

#[tokio::test]
async fn django_on_sqlite() {
    history_of_an_application(Bench::sqlite(MigrationTool::Django).await).await;
}

#[tokio::test]
async fn django_on_postgres() {
    history_of_an_application(Bench::postgres(MigrationTool::Django).await).await;
}
