//! The tests' shared host is one: it shows what a real one shows, and misbehaves as told.

use crate::support::{
    mariadb::{self, MariaDb},
    postgres::Postgres,
    sshd::{KeyType, Sshd},
};

#[tokio::test]
async fn it_answers_its_user_and_shows_no_program_of_an_administrator() {
    let host = Sshd::start().await;
    let ran = host.run("id -un; pwd; echo here; echo there >&2; exit 7").await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "web1\n/www/htdocs/w0000001\nhere\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr, "there\n");
    let ran = host.run("command -v systemctl docker sudo su apt dpkg; ls -A; test -w /etc/passwd").await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(host.log().contains("Accepted publickey for web1"), "{}", host.log());
}

#[tokio::test]
async fn what_is_planted_here_is_there_and_what_is_written_there_is_here() {
    let host = Sshd::start().await;
    host.plant("logs/site/error.log", "one\n");
    let ran = host.run("cat logs/site/error.log && echo two >>logs/site/error.log && stat -c %U logs").await;
    assert_eq!(ran.stdout, "one\nweb1\n", "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(host.path("logs/site/error.log")).unwrap(), "one\ntwo\n");
    let ran = host.run("echo of the host > /tmp/canary; cat /tmp/canary").await;
    assert_eq!(ran.stdout, "of the host\n", "{}", ran.stderr);
    assert!(!std::path::Path::new("/tmp/canary").exists() && host.outside("/tmp/canary").exists());
}

#[tokio::test]
async fn the_rehearsal_user_reads_the_root_and_writes_nothing_there() {
    let host = Sshd::start().await;
    host.plant("index.php", "<?php\n");
    let client = host.rehearsal_client();
    let ran = client.run(&format!("cd {} && cat index.php && touch new", host.root())).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "<?php\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
}

#[tokio::test]
async fn programs_are_missing_as_told() {
    let host = Sshd::shape().without(&["rsync", "setsid", "flock"]).start().await;
    let ran = host.run("command -v rsync setsid flock; command -v nohup").await;
    assert_eq!(ran.stdout, "/usr/bin/nohup\n", "{}", ran.stderr);

    let host = Sshd::shape().busybox_only().start().await;
    let ran = host.run("readlink /bin/sh; ls /usr/bin/bash /usr/bin/git /usr/local/bin/python3; ls --version").await;
    assert_eq!(ran.stdout, "/usr/bin/busybox\n", "{}", ran.stderr);
    assert!(ran.stderr.matches("No such file").count() == 3 && ran.stderr.contains("BusyBox"), "{}", ran.stderr);
}

#[tokio::test]
async fn only_sftp_is_only_sftp() {
    let host = Sshd::shape().sftp_jail().start().await;
    host.plant("index.php", "<?php\n");
    let ran = host.run("id").await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "This service allows sftp connections only.\n"));
    let ran = host.client().sftp(&format!("ls -1 {}\nmkdir {}/new\n", host.root(), host.root())).await;
    assert!(ran.stdout.contains("/w0000001/index.php\n"), "{} {}", ran.stdout, ran.stderr);
    assert!(host.path("new").is_dir(), "{}", ran.stderr);
}

#[tokio::test]
async fn a_small_disk_is_full_when_it_is_full() {
    let host = Sshd::shape().disk(1 << 20).start().await;
    let ran = host.run("head -c 2097152 /dev/zero >big; echo $?; stat -c %s big").await;
    assert_eq!(ran.stdout, "1\n1048576\n");
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_restarted_server_is_the_same_one_and_its_detached_processes_have_gone_on() {
    let mut host = Sshd::start().await;
    let fingerprint = host.fingerprint();
    let ran = host.run("setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $!").await;
    let alive = format!("kill -0 {}", ran.stdout.trim());
    host.restart().await;
    assert_eq!(host.run(&alive).await.code, Some(0));
    assert_eq!(host.fingerprint(), fingerprint);
    host.reboot().await;
    assert_eq!(host.run(&alive).await.code, Some(1));
    host.stop().await;
    assert_eq!(host.run("true").await.code, Some(255));
    host.start_again().await;
    assert_eq!(host.run("true").await.code, Some(0));
}

#[tokio::test]
async fn a_process_that_lost_its_parent_is_reaped() {
    let host = Sshd::start().await;
    let ran = host.run("sh -c 'sleep 0.05 & echo $!'").await;
    let process = host.outside("/proc").join(ran.stdout.trim());
    crate::support::wait::until(|| (!process.exists()).then_some(())).await;
}

#[tokio::test]
async fn a_paused_server_answers_nobody_until_it_goes_on() {
    let host = Sshd::start().await;
    host.pause().await;
    let ran = host.client().option("ConnectTimeout=1").run("true").await;
    assert_eq!(ran.code, Some(255), "{}", ran.stderr);
    assert!(ran.stderr.contains("timed out"), "{}", ran.stderr);
    host.resume().await;
    assert_eq!(host.run("true").await.code, Some(0));
}

#[tokio::test]
async fn another_host_key_is_seen_by_who_knows_the_old_one() {
    let mut host = Sshd::shape().host_keys(&[KeyType::Ecdsa, KeyType::Rsa]).start().await;
    let [ecdsa, rsa] = <[String; 2]>::try_from(host.fingerprints()).unwrap();
    assert_ne!(ecdsa, rsa);
    assert_eq!(host.client().option("HostKeyAlgorithms=rsa-sha2-512").run("true").await.code, Some(0));
    let old = std::fs::read_to_string(host.client().known_hosts).unwrap();
    host.replace_host_key(KeyType::Ecdsa).await;
    assert_ne!(host.fingerprint(), ecdsa);
    assert_eq!(host.run("true").await.code, Some(0));
    std::fs::write(host.client().known_hosts, old).unwrap();
    let ran = host.run("true").await;
    assert!(ran.code == Some(255) && ran.stderr.contains("HOST IDENTIFICATION HAS CHANGED"), "{}", ran.stderr);
}

#[tokio::test]
async fn certificates_of_authorities_are_shown_and_asked_for() {
    let host = Sshd::shape().host_certificate().user_certificates().start().await;
    let client = host.client();
    std::fs::write(&client.known_hosts, host.authority_line() + "\n").unwrap();
    let refused = client.clone().option("CertificateFile=none").run("true").await;
    assert!(refused.stderr.contains("Permission denied (publickey)"), "{}", refused.stderr);
    let certificate = format!("CertificateFile={}", host.certificate_file().display());
    assert_eq!(client.option(&certificate).run("id -un").await.stdout, "web1\n");
}

#[tokio::test]
async fn a_network_of_its_own_is_reached_through_the_host_only() {
    let host = Sshd::shape().own_network().start().await;
    let inner = Sshd::shape().behind(&host).start().await;
    let ran = host.run("id -un").await;
    assert_eq!(ran.stdout, "web1\n", "{}", ran.stderr);
    assert_eq!(inner.run("true").await.code, Some(255), "the inner host answers from outside");
    let jump = host.client();
    let proxy = format!(
        "ProxyCommand=ssh -F none -i {} -o IdentitiesOnly=yes -o UserKnownHostsFile={} -p {} -W %h:%p web1@127.0.0.1",
        jump.identity.display(),
        jump.known_hosts.display(),
        jump.port
    );
    let ran = inner.client().option(&proxy).run("echo inner").await;
    assert_eq!(ran.stdout, "inner\n", "{}", ran.stderr);
}

#[tokio::test]
async fn databases_behind_a_host_are_reached_through_it_only() {
    let host = Sshd::shape().own_network().start().await;
    let features = mariadb::Features { network: Some(host.pid()), ..mariadb::Features::default() };
    let (maria, postgres) = tokio::join!(MariaDb::with(features), Postgres::in_network(host.pid()));
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
    assert_ne!(network(&host.pid().to_string()), network("self"), "the databases' loopback is ours");
    for port in [maria.database("probe").await.port, postgres.database("probe").await.port] {
        let ran = host.run(&format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected")).await;
        assert_eq!(ran.stdout, "connected\n", "{}", ran.stderr);
    }
}
