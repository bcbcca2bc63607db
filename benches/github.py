#!/usr/bin/env python3
"""What check_readiness of many services costs whose gates ask GitHub, as a Markdown table.

    cargo build --release --bin deploy-ops
    python3 benches/github.py [--delay-ms 50] [--rounds 5] [--program target/release/deploy-ops]

Starts a server on loopback that answers each call of GitHub's API late, and a server of ours with 20 services, each with a repository of
its own and two gates: three calls per service. The first check has to be told everything; what the second asks is confirmed by ETags.
"""

import argparse
import http.server
import json
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from client import Client

ROOT = Path(__file__).resolve().parent.parent
SERVICES = 20
CALLS = 3 * SERVICES


class GitHub(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, delay):
        super().__init__(("127.0.0.1", 0), Answer)
        self.delay, self.lock = delay, threading.Lock()
        self.asked, self.confirmed = 0, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves as one packet.
    wbufsize, disable_nagle_algorithm = 65536, True

    def do_GET(self):
        time.sleep(self.server.delay)
        path = self.path.split("?")[0]
        if path.endswith("/check-runs"):
            run = {"id": 1, "name": "test", "status": "completed", "conclusion": "success", "app": {"id": 1}}
            body = {"total_count": 1, "check_runs": [run]}
        elif path.endswith("/status"):
            body = {"state": "success", "total_count": 0, "statuses": []}
        elif path.endswith("/dependabot/alerts"):
            body = []
        else:
            raise SystemExit(f"unknown: {self.path}")
        body, etag = json.dumps(body).encode(), f'"{path}"'
        known = self.headers.get("if-none-match") == etag
        with self.server.lock:
            self.server.asked += 1
            self.server.confirmed += known
        self.send_response(304 if known else 200)
        self.send_header("etag", etag)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "0" if known else str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(Client):
    def __init__(self, program, home, github):
        repository, token = home / "repository", home / "token"
        if not repository.exists():
            git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-C", repository]
            subprocess.run(["git", "init", "-q", repository], check=True)
            (repository / "deploy.sh").write_text("#!/bin/sh\n")
            subprocess.run([*git, "add", "-A"], check=True)
            subprocess.run([*git, "commit", "-q", "-m", "bench"], check=True)
            token.write_text("bench-token-9f3b7c1e5a8d2460b7c1e5a8d")
            token.chmod(0o600)
        parts = [
            f'[environments.production]\n[hosts.here]\nkind = "local"\nroot = "{home}/srv"\n'
            f'[secrets]\nGITHUB_TOKEN = "file:{token}"\n'
            f'[github]\napi = "http://127.0.0.1:{github.server_address[1]}"\ntoken = "GITHUB_TOKEN"\n'
            '[gates.ci]\nkind = "checks"\n[gates.alerts]\nkind = "alerts"\nsources = ["dependabot"]\n'
        ]
        for number in range(SERVICES):
            (home / "srv" / f"s{number}").mkdir(parents=True, exist_ok=True)
            parts.append(
                f'[services.s{number}]\nrepository = "{repository}"\ngithub = "acme/s{number}"\ngates = ["ci", "alerts"]\n'
                f'[services.s{number}.deploy]\nkind = "script"\nscript = "deploy.sh"\ndry_run_argument = "-n"\nrollback = "deploy.sh"\n'
                f'[services.s{number}.targets.production]\nhost = "here"\nroot = "s{number}"\n'
            )
        config = home / "deploy-ops.toml"
        config.write_text("".join(parts))
        config.chmod(0o600)
        super().__init__(program, config)
        self.ask("tools/call", {"name": "list_services", "arguments": {}})

    def check(self):
        begin = time.perf_counter()
        answer = self.ask("tools/call", {"name": "check_readiness", "arguments": {"wait_s": 38}})
        took = time.perf_counter() - begin
        text = answer["content"][0]["text"]
        if answer.get("isError") or any(text.count(f"Gate {name} is green.") < SERVICES for name in ("ci", "alerts")):
            raise SystemExit(text)
        return took

    def stop(self):
        self.process.terminate()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/deploy-ops")
    arguments = parser.parse_args()
    first, second = [], []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as directory:
            github = GitHub(arguments.delay_ms / 1000)
            server = Server(arguments.program, Path(directory), github)
            try:
                first.append(server.check())
                asked = github.asked
                second.append(server.check())
            finally:
                server.stop()
                github.shutdown()
            if (asked, github.asked, github.confirmed) != (CALLS, 2 * CALLS, CALLS):
                raise SystemExit(f"{asked} calls, then {github.asked - asked}, of which {github.confirmed} were confirmed")
    print(f"check_readiness of {SERVICES} services, {CALLS} calls of {arguments.delay_ms} ms | s, median (least)")
    print("---|---")
    for name, times in (("first", first), ("second, all confirmed by ETags", second)):
        print(f"{name} | {statistics.median(times):.2f} ({min(times):.2f})")


if __name__ == "__main__":
    main()
