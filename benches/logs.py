#!/usr/bin/env python3
"""What searching a log on a host costs beside grep over OpenSSH, as a Markdown table.

    cargo build --release --bin deploy-ops
    python3 benches/logs.py [--mib 2048] [--rounds 3] [--program target/release/deploy-ops]

Starts an sshd of its own on loopback and makes an access log below a temporary directory. Patterns are searched for by
search_logs, and by `grep -c` over an open connection of OpenSSH (ControlMaster); both count all matches. As root, or as any user who
may log in.
"""

import argparse
import getpass
import os
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from client import Client

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = [
    ("one line", {"pattern": "quota exceeded"}, ["-F", "quota exceeded"]),
    ("no line", {"pattern": "nowhere at all"}, ["-F", "nowhere at all"]),
    ("a hundred lines", {"pattern": r"segfault at [0-9]+"}, ["-E", "segfault at [0-9]+"]),
    ("upper and lower case", {"pattern": "QUOTA EXCEEDED", "case_insensitive": True}, ["-iF", "QUOTA EXCEEDED"]),
    ("the last minutes", {"since": "2025-01-15T23:50:00Z"}, None),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_log(path, mib):
    """An access log of one day, in order."""
    size, written, lines = mib << 20, 0, []
    with open(path, "wb") as log:
        second = 0
        while written < size:
            at = min(86_399, int(written / size * 86_400))
            if at != second or not lines:
                second = at
                stamp = time.strftime("15/Jan/2025:%H:%M:%S +0000", time.gmtime(at))
                lines = [
                    f'192.0.2.{n} - - [{stamp}] "GET /node/{n * 37}?page={n} HTTP/1.1" 200 {n * 811} "-" "Mozilla/5.0 (X11)"\n'
                    for n in range(200)
                ]
            block = "".join(lines).encode()
            log.write(block)
            before, written = written, written + len(block)
            if before * 100 // size != written * 100 // size:
                log.write(f'192.0.2.9 - - [{stamp}] "GET / HTTP/1.1" 500 0 "-" "segfault at {before}"\n'.encode())
            if before < size // 2 <= written:
                log.write(f'192.0.2.9 - - [{stamp}] "GET / HTTP/1.1" 500 0 "-" "quota exceeded"\n'.encode())


class Sshd:
    def __init__(self, home):
        self.home, self.port, self.user = home, free_port(), getpass.getuser()
        for name in ("host", "id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        lines = [
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {home}/host\nAuthorizedKeysFile {home}/id.pub",
            "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nSubsystem sftp internal-sftp",
        ]
        (home / "sshd_config").write_text("\n".join(lines) + "\n")
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", home / "sshd_config"]
        self.server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        key = (home / "host.pub").read_text().split()
        (home / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key[0]} {key[1]}\n")
        told = subprocess.run(["ssh-keygen", "-lf", home / "host.pub"], check=True, capture_output=True, text=True)
        self.fingerprint = told.stdout.split()[1]
        while self.ssh("true").returncode != 0:
            time.sleep(0.1)

    def ssh(self, *words):
        options = ["BatchMode=yes", f"UserKnownHostsFile={self.home}/known_hosts", "ControlMaster=auto", "ControlPersist=60"]
        options.append(f"ControlPath={self.home}/control")
        command = ["ssh", "-F", "none", "-i", self.home / "id", "-p", str(self.port)]
        command += [part for option in options for part in ("-o", option)]
        return subprocess.run([*command, f"{self.user}@127.0.0.1", *words], capture_output=True, text=True)

    def stop(self):
        subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={self.home}/control", "-O", "exit", "x"], capture_output=True)
        self.server.terminate()
        self.server.wait()


class Server(Client):
    def __init__(self, program, home, sshd):
        (home / "id").chmod(0o600)
        config = home / "deploy-ops.toml"
        config.write_text(
            f'[environments.production]\n[hosts.web]\nkind = "ssh"\naddress = "127.0.0.1"\nport = {sshd.port}\n'
            f'user = "{sshd.user}"\nroot = "{home}"\nhost_keys = ["{sshd.fingerprint}"]\nidentity_file = "{home}/id"\n'
            f'[roots]\nthere = {{ host = "web", path = "{home}/log" }}\nhere = "{home}/log"\n'
            "[limits]\ncalls_per_minute = 100000\n"
        )
        config.chmod(0o600)
        super().__init__(program, config)

    def search(self, root, arguments):
        call = {"name": "search_logs", "arguments": {"root": root, "limit": 1, **arguments}}
        answer = self.ask("tools/call", call)
        if answer.get("isError"):
            raise SystemExit(answer["content"][0]["text"])
        return answer["structuredContent"]

    def peak_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def timed(act, rounds):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        last = act()
        times.append(time.perf_counter() - begin)
    return statistics.median(times), last


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/deploy-ops")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "log").mkdir()
        log = home / "log" / "access.log"
        make_log(log, arguments.mib)
        mib = log.stat().st_size / (1 << 20)
        sshd = Sshd(home)
        server = Server(arguments.program, home, sshd)
        try:
            server.search("there", {"pattern": "nowhere at all"})
            print(f"{mib:,.0f} MiB | search_logs, s (MiB/s) | ssh grep, s (MiB/s) | beside")
            print("---|---|---|---")
            for name, pattern, grep in PATTERNS:
                ours, found = timed(lambda: server.search("there", pattern), arguments.rounds)
                line = f"{name} | {ours:.2f} ({mib / ours:,.0f})"
                if grep:
                    theirs, ran = timed(lambda: sshd.ssh("grep", "-c", *grep[:1], f"'{grep[1]}'", str(log)), arguments.rounds)
                    if int(ran.stdout) != found["matches"]:
                        raise SystemExit(f"{name}: {found['matches']} matches, grep says {ran.stdout}")
                    line += f" | {theirs:.2f} ({mib / theirs:,.0f}) | {theirs / ours:.2f}×"
                print(line)
            print(f"\nPeak memory of the server: {server.peak_mib():.0f} MiB.")
        finally:
            server.process.terminate()
            server.process.wait()
            sshd.stop()


if __name__ == "__main__":
    main()
