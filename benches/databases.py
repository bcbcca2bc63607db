#!/usr/bin/env python3
"""What verified snapshots cost beside dump and restore by hand, and a look into many databases beside one, as Markdown tables.

    cargo build --release --bin deploy-ops
    python3 benches/databases.py [snapshots|inspect] [--rows 600000] [--rounds 3] [--delay 10] [--program target/release/deploy-ops]

Starts a PostgreSQL and a MariaDB server of its own on loopback (the Debian packages that tests/run installs). `snapshots` fills
databases on each and takes turns: our snapshot, the same by the servers' own tools and zstd, four snapshots in one call; it
needs the command zstd. `inspect` fills 14 databases of MariaDB and 3 of PostgreSQL, one of them large, and takes turns: all in one
call of inspect_db, and each in a call of its own, on loopback and as far away as servers are (each packet is held back).
As root the servers run as `nobody`.
"""

import argparse
import asyncio
import contextlib
import glob
import itertools
import json
import multiprocessing
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
SECTIONS = ("connection", "sizes", "schema", "queries")


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


def configuration(directory, databases):
    """An inventory of databases, each a name and its server."""
    secret = directory / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    lines = ['[environments.development]\ntier = "development"', f'[secrets]\nPASSWORD = "file:{secret}"']
    for name, server in databases:
        lines.append(
            f'[databases.{name}]\nengine = "{server.engine}"\naddress = "127.0.0.1"\nport = {server.port}\n'
            'user = "bench"\npassword = "PASSWORD"\ntls = "off"'
        )
    file = directory / "deploy-ops.toml"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return file


def call(options, config, *arguments, good=(0,)):
    done = subprocess.run(
        [options.program, "call", "--config", config, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode not in good:
        raise SystemExit(f"{done.stdout}\n{done.stderr}")
    return done.stdout


def snapshot(options, config, names):
    call(options, config, "snapshot_db", f"databases={','.join(names)}", "--wait")


def inspect(options, config, section, names):
    """How long the look itself took, ms: starting the program does not count."""
    arguments = ["inspect_db", f"section={section}", f"databases={','.join(names)}", "--output", "json"]
    # What was found may be anything; each database must have answered.
    seen = json.loads(call(options, config, *arguments, good=range(10)))
    if not all(section in one for one in seen["databases"]):
        raise SystemExit(f"a database gave no answer: {seen}")
    return seen["duration_ms"]


def timed(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


class Far:
    """A server as it is seen from a distance: what is sent arrives `delay` seconds later."""

    def __init__(self, server, delay):
        self.engine, self.port, self.delay = server.engine, free_port(), delay
        self.process = multiprocessing.get_context("fork").Process(target=self.run, args=(server.port,), daemon=True)
        self.process.start()
        until(self.answers)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def run(self, port):
        asyncio.run(self.serve(port))

    async def serve(self, port):
        async def pass_on(source, target):
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    await asyncio.sleep(self.delay)
                    target.write(data)
                    await target.drain()
            target.close()

        async def accept(reader, writer):
            near_reader, near_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pass_on(reader, near_writer), pass_on(near_reader, writer))

        listening = await asyncio.start_server(accept, "127.0.0.1", self.port, backlog=64)
        await listening.serve_forever()


@contextlib.contextmanager
def running(*kinds):
    """Servers, and a directory of our own; all gone afterwards."""
    directories, servers = [], []

    def directory():
        directories.append(Path(tempfile.mkdtemp(prefix="deploy-ops-bench-")))
        return directories[-1]

    try:
        for kind in kinds:
            home = directory()
            home.chmod(0o755)
            if os.getuid() == 0:
                os.chown(home, NOBODY, NOBODY)
            servers.append(kind(home))
        yield servers, directory()
    finally:
        for server in servers:
            server.server.terminate()
            server.server.wait()
        for made in directories:
            shutil.rmtree(made, ignore_errors=True)


def measure_snapshots(kind, options):
    with running(kind) as ([server], own):
        names = [f"bench{n}" for n in range(DATABASES)]
        for name in names:
            server.fill(name, options.rows)
        config, to = configuration(own, [(name, server) for name in names]), own / "by-hand.zst"
        ways = {
            "dump by hand": lambda: server.by_hand(names[0], to, False),
            "dump and restore by hand": lambda: server.by_hand(names[0], to, True),
            "verified snapshot": lambda: snapshot(options, config, names[:1]),
            "four verified snapshots": lambda: snapshot(options, config, names),
        }
        seen = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, work in ways.items():
                seen[way].append(timed(work))
        by_hand = statistics.median(seen["dump and restore by hand"])
        for way, times in seen.items():
            each = statistics.median(times)
            print(f"| {kind.engine} | {way} | {each:.2f} | {each / by_hand:.2f}× |", flush=True)


def measure_inspection(options):
    with running(MariaDb, Postgres) as ([mariadb, postgres], own):
        databases = [(f"maria{n}", mariadb) for n in range(14)] + [(f"post{n}", postgres) for n in range(3)]
        for n, (name, server) in enumerate(databases):
            # The first is the large one that most installations have.
            server.fill(name, options.rows if n == 0 else options.rows // 50)
        away = {server: Far(server, options.delay / 2000) for server in (mariadb, postgres)}
        places = {"loopback": databases, "far away": [(name, away[server]) for name, server in databases]}
        for (place, reached), section in itertools.product(places.items(), SECTIONS):
            config = configuration(own, reached)
            names = [name for name, _ in reached]
            together, each = [], {name: [] for name in names}
            for _ in range(options.rounds):
                together.append(inspect(options, config, section, names))
                for name in names:
                    each[name].append(inspect(options, config, section, [name]))
            alone = {name: statistics.median(times) for name, times in each.items()}
            slowest = max(alone, key=alone.get)
            one, all_of_them = max(alone[slowest], 1), statistics.median(together)
            print(
                f"| {place} | {section} | {all_of_them:.0f} | {one:.0f} ({slowest}) | {sum(alone.values()):.0f} |"
                f" {all_of_them / one:.2f}× |",
                flush=True,
            )
        for server in away.values():
            server.process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("snapshots", "inspect"))
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=10, help="ms for there and back to servers far away")
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/deploy-ops")
    options = parser.parse_args()
    if options.what != "inspect":
        print("| server | what | s | beside dump and restore by hand |\n|---|---|---|---|")
        for kind in (Postgres, MariaDb):
            measure_snapshots(kind, options)
    if options.what != "snapshots":
        print(f"\nFar away is {options.delay} ms for there and back.\n")
        print("| servers | section | all 17, ms | the slowest alone, ms | the sum of all alone, ms | all : slowest |")
        print("|---|---|---|---|---|---|")
        measure_inspection(options)


if __name__ == "__main__":
    main()
