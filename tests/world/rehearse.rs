//! Rehearsals: a dry run is believed when the target is the same afterwards.

use deploy_ops_mcp::{
    domain::evidence::Outcome,
    world::rehearse::{Grade, Rehearsal},
};

use crate::support::sandbox::Sandbox;

async fn rehearse(script: &str) -> (Sandbox, Rehearsal) {
    let sandbox = Sandbox::with(&[("x:deploy.sh", script)], |inventory| {
        for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
            target.databases = vec!["main".parse().unwrap()];
            target.volatile = vec!["cache".parse().unwrap()];
        }
    });
    sandbox.fill(100, "WAL").await;
    std::fs::write(sandbox.path("target/page"), "old").unwrap();
    let root = sandbox.path("target");
    let mut call = sandbox.call("v1", "deploy.sh", &[root.to_str().unwrap()]).await;
    call.secrets = vec!["APP_TOKEN".parse().unwrap()];
    let dry_run = ["--dry-run".to_owned()];
    let reader = sandbox.world.reader();
    let rehearsal =
        reader.rehearse(&sandbox.service, &sandbox.target(), &call, Some(&dry_run), "app@v1", 1800).await.unwrap();
    (sandbox, rehearsal)
}

const HEAD: &str = "#!/bin/sh\nset -e\n[ \"$2\" = --dry-run ] || exit 9\n";

#[tokio::test]
async fn an_honest_dry_run_is_proven() {
    let (sandbox, rehearsal) = rehearse(&format!(
        "{HEAD}mkdir -p \"$1/cache\"; touch \"$1/cache/x\"; echo would copy; test -z \"$APP_TOKEN\"\n"
    ))
    .await;
    assert_eq!(rehearsal.grade, Grade::Proven, "{}", rehearsal.evidence.summary);
    assert!(rehearsal.evidence.holds(sandbox.world.now()));
    assert_eq!(rehearsal.evidence.subject, "app@v1");
    assert_eq!(rehearsal.output.unwrap().text(), "would copy\n");
    assert_eq!(std::fs::read_dir(sandbox.path("data/scratch")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_dry_run_that_writes_files_is_a_lie() {
    let (_, rehearsal) =
        rehearse(&format!("{HEAD}echo new > \"$1/page\"; mkdir \"$1/new\"; chmod 600 \"$1/page\"\n")).await;
    assert_eq!(rehearsal.grade, Grade::Changed(vec!["new".to_owned(), "page".to_owned()]));
    assert_eq!(rehearsal.evidence.outcome, Outcome::Fail);
    assert!(rehearsal.evidence.summary.starts_with("THE DRY RUN CHANGED THE TARGET"));
}

#[tokio::test]
async fn a_dry_run_that_changes_permissions_or_rows_is_a_lie() {
    let (_, rehearsal) = rehearse(&format!("{HEAD}chmod 777 \"$1/page\"\n")).await;
    assert_eq!(rehearsal.grade, Grade::Changed(vec!["page".to_owned()]));
    let python = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]+'/shared/main.sqlite'); \
                  c.execute('UPDATE member SET score=0 WHERE id=7'); c.commit()";
    let (_, rehearsal) = rehearse(&format!("{HEAD}python3 -c \"{python}\" \"$1\"\n")).await;
    assert_eq!(rehearsal.grade, Grade::Changed(vec!["main.member".to_owned()]));
}

#[tokio::test]
async fn a_failed_and_a_missing_dry_run_prove_nothing() {
    let (sandbox, rehearsal) = rehearse("#!/bin/sh\necho all fine\nexit 4\n").await;
    assert!(matches!(rehearsal.grade, Grade::Failed(_)));
    assert_eq!(rehearsal.evidence.outcome, Outcome::Fail);
    let call = sandbox.call("v1", "deploy.sh", &[]).await;
    let reader = sandbox.world.reader();
    let none = reader.rehearse(&sandbox.service, &sandbox.target(), &call, None, "app@v1", 60).await.unwrap();
    assert_eq!((none.grade, none.evidence.outcome), (Grade::Unsupported, Outcome::Fail));
}

#[tokio::test]
async fn the_state_does_not_depend_on_the_order_of_making() {
    let make = |names: &[&str]| {
        let sandbox = Sandbox::new(&[]);
        for name in names {
            std::fs::write(sandbox.path("target").join(name), name).unwrap();
        }
        sandbox
    };
    let (one, two) = (make(&["a", "b", "c"]), make(&["c", "a", "b"]));
    let digest =
        async |sandbox: &Sandbox| sandbox.world.reader().target_state(&sandbox.target()).await.unwrap().digest();
    assert_eq!(digest(&one).await, digest(&two).await);
    std::fs::rename(two.path("target/c"), two.path("target/d")).unwrap();
    assert_ne!(digest(&one).await, digest(&two).await);
}
