//! After a switch PHP goes on with the old release, and its OPcache is reset. A real PHP says so, on a host and here.

use std::{path::PathBuf, process::Stdio};

use deploy_ops_mcp::{
    domain::{
        inventory::{Deploy, WebRoot},
        release::ReleaseId,
        step::{PlaceRelease, Step, SwitchRelease},
    },
    steps::{self, Failure, Probe},
};
use tokio::process::{Child, Command};

use super::web::move_to;
use crate::support::{
    permit::permit,
    port::lasting_port,
    sandbox::{Sandbox, context},
    sshd::{Shape, Sshd},
    wait::until,
};

/// A web server that asks PHP for what lies behind the link, whatever that leads to, and notes who asks for our files.
const FRONT: &str = r#"<?php
$name = basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (str_starts_with($name, 'deploy-ops-opcache-')) {
    file_put_contents(__DIR__ . '/asked', "$name\n", FILE_APPEND);
    if (is_file(__DIR__ . '/deny')) {
        http_response_code(403);
        exit('not here');
    }
}
require __DIR__ . '/app/current/web/' . ($name ?: 'index.php');
"#;
const PHP: [&str; 4] = ["-d", "opcache.enable=1", "-d", "opcache.file_update_protection=0"];

/// A service `app` whose web root is `web` of its releases, served by PHP from `root`, the directory above it.
struct Site {
    sandbox: Sandbox,
    root: PathBuf,
    url: String,
    releases: Vec<ReleaseId>,
    host: Option<Sshd>,
    _server: Option<Child>,
}

impl Site {
    /// On a host that alone reaches it.
    async fn there(shape: Shape) -> Self {
        let host = shape.own_network().start().await;
        host.plant("front.php", FRONT);
        host.plant("app/.keep", "");
        let serve = format!("setsid php {} -S 127.0.0.1:8080 front.php >web.log 2>&1 </dev/null &", PHP.join(" "));
        let started = host.run(&serve).await;
        assert_eq!(started.code, Some(0), "{}", started.stderr);
        let url = "http://127.0.0.1:8080/".to_owned();
        let sandbox = Sandbox::with(&version("v1"), |inventory| {
            move_to(&host, host.port(), inventory);
            for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
                (target.url, target.through_host) = (Some(url.parse().unwrap()), true);
            }
        });
        let root = host.path("");
        Self { sandbox, root, url, releases: Vec::new(), host: Some(host), _server: None }.with_releases().await
    }

    /// On this machine.
    async fn here() -> Self {
        let url = format!("http://127.0.0.1:{}/", lasting_port());
        let sandbox = Sandbox::with(&version("v1"), |inventory| {
            for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
                target.url = Some(url.parse().unwrap());
                target.root = target.root.with_file_name("app");
            }
        });
        let root = sandbox.directory.path().to_owned();
        std::fs::create_dir(root.join("app")).unwrap();
        std::fs::write(root.join("front.php"), FRONT).unwrap();
        let log = std::fs::File::create(root.join("web.log")).unwrap();
        let mut php = Command::new("php");
        php.args(PHP).arg("-S").arg(url.trim_start_matches("http://").trim_end_matches('/')).arg("front.php");
        php.current_dir(&root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let server = Some(php.spawn().unwrap());
        Self { sandbox, root, url, releases: Vec::new(), host: None, _server: server }.with_releases().await
    }

    /// Places v1 and v2.
    async fn with_releases(mut self) -> Self {
        until(|| {
            std::fs::read_to_string(self.root.join("web.log")).is_ok_and(|log| log.contains("started")).then_some(())
        })
        .await;
        self.sandbox.commit(&version("v2"), "v2");
        let Deploy::Release(deploy) = self.sandbox.service.deploy.clone() else { panic!() };
        for version in ["v1", "v2"] {
            let revision = self.sandbox.revision(version).await;
            let artifact =
                self.sandbox.world.reader().build_artifact(&self.sandbox.service, &deploy, &revision).await.unwrap();
            let release = ReleaseId::new(&revision.version, &artifact.digest);
            let place = PlaceRelease { release: release.clone(), artifact: artifact.digest, shared: vec![] };
            let step = Step::PlaceRelease(place);
            let permit = permit(vec![step.clone()], None, None);
            steps::run(&step, &context(&self.sandbox, &permit, 0)).await.unwrap();
            self.sandbox.world.give_target_back(&permit, &self.sandbox.target()).await.unwrap();
            self.releases.push(release);
        }
        self
    }

    fn switch(&self, to: usize, from: Option<usize>, web_root: Option<&str>) -> Step {
        let id = |index: usize| self.releases[index].clone();
        let reset_opcache = web_root.map(|path| WebRoot::Below(path.parse().unwrap()));
        Step::SwitchRelease(SwitchRelease { to: id(to), from: from.map(id), reset_opcache })
    }

    /// What users see.
    async fn page(&self) -> String {
        let read = format!("readfile('{}');", self.url);
        if let Some(host) = &self.host {
            return host.run(&format!("php -r \"{read}\"")).await.stdout;
        }
        let read = Command::new("php").args(["-r", &read]).output().await;
        String::from_utf8(read.unwrap().stdout).unwrap()
    }

    /// The names of our files that were asked for.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.root.join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn web(&self, release: usize) -> PathBuf {
        self.root.join("app/releases").join(self.releases[release].as_str()).join("web")
    }

    /// Nothing of ours lies in a web root.
    fn assert_tidy(&self) {
        for release in 0..self.releases.len() {
            let names = std::fs::read_dir(self.web(release)).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(names.collect::<Vec<_>>(), ["index.php"], "{release}");
        }
    }
}

fn version(version: &'static str) -> [(&'static str, &'static str); 1] {
    [("public/web/index.php", if version == "v1" { "<?php echo 'page v1';" } else { "<?php echo 'page v2';" })]
}

/// Switches to and fro, with and without a reset; breaks off; is refused.
async fn php_sees_every_switch(site: Site) {
    let (world, target) = (&site.sandbox.world, site.sandbox.target());
    let (first, plain) = (site.switch(0, None, Some("web")), site.switch(1, Some(0), None));
    let (second, wrong) = (site.switch(1, Some(0), Some("web")), site.switch(1, Some(0), Some("wep")));
    let steps = vec![first.clone(), plain.clone(), second.clone(), wrong.clone()];
    let permit = permit(steps, None, None);
    let context = context(&site.sandbox, &permit, 0);
    let done = steps::run(&first, &context).await.unwrap();
    assert!(done.summary.ends_with("is live. PHP's OPcache was reset."), "{}", done.summary);
    assert_eq!(site.page().await, "page v1");

    // This is what it is for.
    steps::run(&plain, &context).await.unwrap();
    assert_eq!(site.page().await, "page v1", "the PHP of this test caches nothing, so that it shows nothing");
    // A server that ended between the switch and the reset left a file; whoever goes on resets, and removes it.
    std::fs::write(site.web(1).join("deploy-ops-opcache-00ff.php"), "<?php").unwrap();
    std::fs::write(site.web(0).join("deploy-ops-opcache-00ff.php.partial"), "<?php").unwrap();
    assert_eq!(steps::probe(&second, &context).await, Probe::NotStarted);
    let done = steps::run(&second, &context).await.unwrap();
    assert!(done.summary.ends_with("was reset."), "{}", done.summary);
    assert_eq!(site.page().await, "page v2");
    site.assert_tidy();

    // The way back needs it as well.
    let undone = steps::undo(&second, &context).await.unwrap();
    assert!(undone.summary.ends_with("is live again. PHP's OPcache was reset."), "{}", undone.summary);
    assert_eq!(site.page().await, "page v1");
    assert_eq!(steps::probe_undo(&second, &context).await, Probe::NotStarted, "to reset again does no harm");

    // Each file has a name of its own, which nobody can guess and nobody can use again.
    let asked = site.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    for name in &asked {
        let random = name.strip_prefix("deploy-ops-opcache-").and_then(|rest| rest.strip_suffix(".php")).unwrap();
        assert!(random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
        assert_eq!(asked.iter().filter(|other| *other == name).count(), 1);
    }

    // Where the web server runs no such file, nobody is told that the new release is seen.
    std::fs::write(site.root.join("deny"), "").unwrap();
    let Err(Failure::Failed(failed)) = steps::run(&second, &context).await else { panic!() };
    assert!(failed.summary.contains("HTTP 403, and not the answer of our file"), "{}", failed.summary);
    assert!(failed.summary.contains("Fix: Let the web server run"), "{}", failed.summary);
    let undone = steps::undo(&second, &context).await.unwrap();
    assert!(undone.summary.contains("is live again. PHP's OPcache was not reset: "), "{}", undone.summary);
    assert_eq!(site.asked().len(), 3 + 3 + 3, "each attempt has a file of its own");
    std::fs::remove_file(site.root.join("deny")).unwrap();
    let Err(Failure::Failed(failed)) = steps::run(&wrong, &context).await else { panic!() };
    assert!(failed.summary.contains("not one of the release"), "{}", failed.summary);
    site.assert_tidy();
    world.give_target_back(&permit, &target).await.unwrap();
}

#[tokio::test]
async fn php_on_a_host_sees_every_switch() {
    php_sees_every_switch(Site::there(Sshd::shape()).await).await;
}

#[tokio::test]
async fn php_on_this_machine_sees_every_switch() {
    php_sees_every_switch(Box::pin(Site::here()).await).await;
}
