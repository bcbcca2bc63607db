#!/usr/bin/env python3
"""What verified snapshots cost beside dump and restore by hand, as a Markdown table.

    cargo build --release --bin deploy-ops
    python3 benches/databases.py [--rows 600000] [--rounds 3]

Starts a PostgreSQL and a MariaDB server of its own on loopback (the Debian packages that tests/run installs), fills a
database on each and takes turns: our snapshot, the same by the servers' own tools and zstd, four snapshots in one call. Needs the
command zstd. As root the servers run as `nobody`.
"""

import argparse
import glob
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
PASSWORD = "bench-Zq8Lw3RtYk5vHd2P"
DATABASES = 4


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def demoted():
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def until(answers):
    for _ in range(300):
        if answers():
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


class Postgres:
    engine = "postgres"

    def __init__(self, home):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.port, self.home, data = free_port(), home, home / "data"
        quiet = {"cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **demoted()}
        initdb = [f"{self.bin}/initdb", "-U", "postgres", "-A", "trust", "-N", "--locale=C", "-E", "UTF8", "-D", data]
        subprocess.run(initdb, check=True, **quiet)
        options = ["-c", "fsync=off", "-c", "shared_buffers=256MB", "-c", f"unix_socket_directories={home}"]
        listen = ["-c", "listen_addresses=127.0.0.1", "-p", str(self.port)]
        self.server = subprocess.Popen([f"{self.bin}/postgres", "-D", data, *listen, *options], **quiet)
        until(lambda: self.sql("SELECT 1", check=False).returncode == 0)
        self.sql(f"CREATE ROLE bench LOGIN CREATEDB PASSWORD '{PASSWORD}'")

    def client(self, tool, *arguments):
        return [f"{self.bin}/{tool}", "-h", str(self.home), "-p", str(self.port), "-U", "postgres", *arguments]

    def sql(self, statement, database="postgres", check=True):
        command = self.client("psql", "-qAtX", "-d", database, "-c", statement)
        return subprocess.run(command, check=check, capture_output=True)

    def fill(self, name, rows):
        self.sql(f"CREATE DATABASE {name} OWNER bench")
        self.sql(
            "CREATE TABLE orders (id bigint PRIMARY KEY, customer integer, at timestamptz, note text, amount numeric(12,2));"
            "INSERT INTO orders SELECT n, n % 9973, timestamptz '2025-01-01' + n * interval '7 s', md5(n::text) || ' ' ||"
            f" repeat(md5((n * 7)::text), 4) || ' shipped by van', n * 0.37 FROM generate_series(1, {rows}) n;"
            "CREATE INDEX ON orders (customer); ALTER TABLE orders OWNER TO bench; ANALYZE",
            name,
        )

    def by_hand(self, name, to, restore):
        dump = " ".join(self.client("pg_dump", "-Fc", "-Z0", name))
        shell(f"{dump} | zstd -3 -q -f -o {to}")
        if restore:
            self.sql("DROP DATABASE IF EXISTS copy")
            self.sql("CREATE DATABASE copy")
            shell(f"zstd -dcq {to} | {' '.join(self.client('pg_restore', '-d', 'copy'))}")
            self.sql("DROP DATABASE copy")


class MariaDb:
    engine = "mariadb"

    def __init__(self, home):
        self.port, self.home, data = free_port(), home, home / "data"
        self.socket = home / "sock"
        quiet = {"cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **demoted()}
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, **quiet)
        server = [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}"]
        options = ["--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
        listen = [f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1"]
        self.server = subprocess.Popen([*server, *listen, *options], **quiet)
        until(lambda: self.sql("SELECT 1", check=False).returncode == 0)
        self.sql(f"CREATE USER bench@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO bench@'127.0.0.1'")

    def client(self, tool, *arguments):
        return [tool, "--no-defaults", f"--socket={self.socket}", "-u", "root", *arguments]

    def sql(self, statement, database="", check=True):
        command = self.client("mariadb", "-e", statement, *([database] if database else []))
        return subprocess.run(command, check=check, capture_output=True)

    def fill(self, name, rows):
        self.sql(f"CREATE DATABASE {name}")
        self.sql(
            "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, at datetime, note text, amount decimal(12,2), KEY (customer));"
            "INSERT INTO orders SELECT seq, seq % 9973, '2025-01-01' + INTERVAL seq * 7 SECOND, CONCAT(MD5(seq), ' ',"
            f" REPEAT(MD5(seq * 7), 4), ' shipped by van'), seq * 0.37 FROM seq_1_to_{rows}; ANALYZE TABLE orders",
            name,
        )

    def by_hand(self, name, to, restore):
        options = "--single-transaction --quick --routines --triggers --events --hex-blob"
        shell(f"{' '.join(self.client('mariadb-dump', options, name))} | zstd -3 -q -f -o {to}")
        if restore:
            self.sql("DROP DATABASE IF EXISTS copy; CREATE DATABASE copy")
            shell(f"zstd -dcq {to} | {' '.join(self.client('mariadb', 'copy'))}")
            self.sql("DROP DATABASE copy")


def shell(command):
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, stderr=subprocess.DEVNULL)


def configuration(directory, server):
    secret = directory / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    lines = ['[environments.development]\ntier = "development"', f'[secrets]\nPASSWORD = "file:{secret}"']
    for n in range(DATABASES):
        lines.append(
            f'[databases.bench{n}]\nengine = "{server.engine}"\naddress = "127.0.0.1"\nport = {server.port}\n'
            'user = "bench"\npassword = "PASSWORD"\ntls = "off"'
        )
    file = directory / "deploy-ops.toml"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return file


def snapshot(config, names):
    program = ROOT / "target/release/deploy-ops"
    command = [program, "call", "--config", config, "snapshot_db", f"databases={','.join(names)}", "--wait"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{done.stderr}")


def timed(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def measure(kind, rows, rounds):
    home = Path(tempfile.mkdtemp(prefix="deploy-ops-bench-"))
    home.chmod(0o755)
    if os.getuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    own = Path(tempfile.mkdtemp(prefix="deploy-ops-bench-"))
    server = kind(home)
    try:
        names = [f"bench{n}" for n in range(DATABASES)]
        for name in names:
            server.fill(name, rows)
        config, to = configuration(own, server), own / "by-hand.zst"
        ways = {
            "dump by hand": lambda: server.by_hand(names[0], to, False),
            "dump and restore by hand": lambda: server.by_hand(names[0], to, True),
            "verified snapshot": lambda: snapshot(config, names[:1]),
            "four verified snapshots": lambda: snapshot(config, names),
        }
        seen = {way: [] for way in ways}
        for _ in range(rounds):
            for way, work in ways.items():
                seen[way].append(timed(work))
        by_hand = statistics.median(seen["dump and restore by hand"])
        for way, times in seen.items():
            each = statistics.median(times)
            print(f"| {kind.engine} | {way} | {each:.2f} | {each / by_hand:.2f}× |", flush=True)
    finally:
        server.server.terminate()
        server.server.wait()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(own, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| server | what | s | beside dump and restore by hand |\n|---|---|---|---|")
    for kind in (Postgres, MariaDb):
        measure(kind, options.rows, options.rounds)


if __name__ == "__main__":
    main()
