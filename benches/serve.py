#!/usr/bin/env python3
"""What `deploy-ops serve` costs beside a bare rmcp server, as Markdown tables.

    cargo build --release --bin deploy-ops --example bare_echo
    python3 benches/serve.py

Everything is measured in turns, a block of each server after the other, so that what else the machine does hits all of
them. Only the standard library is used, and only loopback. docs/PERFORMANCE.md says what the figures mean.
"""

import argparse
import collections
import copy
import json
import os
import select
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import example

IN_FLIGHT = 64
SESSIONS = 500
# How a streamed answer ends: the empty chunk.
END = b"0\r\n\r\n"
ROOT = Path(__file__).resolve().parent.parent


def message(method, params=None, number=None):
    body = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    return json.dumps(body if number is None else {**body, "id": number}, separators=(",", ":")).encode()


def call(tool, arguments):
    return message("tools/call", {"name": tool, "arguments": arguments}, 7)


def numbered(request):
    """The request as lines with so many ids that none comes again while its last answer is due, be a thread held up for long."""
    return [request.removesuffix(b"7}") + b"%d}\n" % (100_000 + n) for n in range(256 * IN_FLIGHT)]


INITIALIZE = message(
    "initialize",
    {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
    1,
)
INITIALIZED = message("notifications/initialized")
LIST = message("tools/list", None, 2)


class Server:
    """A program, how it is started for each transport, and the call that is measured."""

    def __init__(self, label, stdio, http_command, request, token=None):
        self.label, self.stdio, self.http_command, self.request, self.token = label, stdio, http_command, request, token


def memory_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def cpu_us(pid):
    """What the process has used of the processors: it does not depend on what else the machine does."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1000


def pin(pid, cores):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def refuse_errors(answer):
    if b'"isError":true' in answer or b'"error":{' in answer:
        raise SystemExit(f"a call was refused: {answer[:400]!r}")


class Stdio:
    def __init__(self, server):
        self.process = subprocess.Popen(
            server.stdio, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.lines = numbered(server.request)

    def asking(self, request):
        """The same process, asked something else."""
        other = copy.copy(self)
        other.lines = numbered(request)
        return other

    def send(self, data):
        while data:
            data = data[os.write(self.input, data):]

    def answer(self, lines=1):
        data = b""
        while data.count(b"\n") < lines:
            more = os.read(self.output, 1 << 20)
            if not more:
                raise SystemExit("the server ended")
            data += more
        return data

    def begin(self):
        self.send(INITIALIZE + b"\n" + INITIALIZED + b"\n" + LIST + b"\n")
        return self.answer(2).splitlines()[1]

    def one(self):
        self.send(self.lines[0])
        return self.answer()

    def many(self, calls):
        """`calls` calls with IN_FLIGHT waiting for their answers: one is sent for each that came."""
        os.set_blocking(self.input, False)
        sent = done = 0
        waiting = b""
        while done < calls:
            more = min(IN_FLIGHT - (sent - done), calls - sent)
            waiting += b"".join(self.lines[(sent + n) % len(self.lines)] for n in range(more))
            sent += more
            _, writable, _ = select.select([], [self.input] if waiting else [], [], 0)
            if writable:
                waiting = waiting[os.write(self.input, waiting):]
            readable, _, _ = select.select([self.output], [self.input] if waiting else [], [])
            if readable:
                done += os.read(self.output, 1 << 20).count(b"\n")
        os.set_blocking(self.input, True)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Http:
    """A server over HTTP with any number of sessions, each with a connection of its own."""

    def __init__(self, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server, self.sessions = server, []
        self.process = subprocess.Popen(server.http_command(self.port), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.005)

    def request(self, body, session=None):
        head = [
            "POST /mcp HTTP/1.1", f"host: 127.0.0.1:{self.port}", "content-type: application/json",
            "accept: application/json, text/event-stream", f"content-length: {len(body)}",
        ]
        if self.server.token:
            head.append(f"authorization: Bearer {self.server.token}")
        if session:
            head += [f"mcp-session-id: {session}", "mcp-protocol-version: 2025-11-25"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    @staticmethod
    def read(connection):
        data = b""
        while not data.endswith(END):
            if not (more := connection.recv(1 << 18)):
                raise SystemExit(f"the server ended an answer early: {data[:400]!r}")
            data += more
        return data

    def open(self, count):
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(self.request(INITIALIZE))
            head = self.read(connection).split(b"\r\n\r\n")[0].lower()
            session = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"mcp-session-id"))
            connection.sendall(self.request(INITIALIZED, session.decode()))
            # 202 Accepted, without a body.
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(1 << 16)
            self.sessions.append((connection, self.request(self.server.request, session.decode()), session.decode()))

    def asking(self, request):
        """The same process and sessions, asked something else."""
        other = copy.copy(self)
        other.sessions = [(connection, self.request(request, session), session) for connection, _, session in self.sessions]
        return other

    def one(self):
        connection, request, _ = self.sessions[0]
        connection.sendall(request)
        return self.read(connection)

    def many(self, calls):
        """`calls` calls with IN_FLIGHT waiting, over all sessions in turn."""
        waiting, free, sent, done = selectors.DefaultSelector(), collections.deque(self.sessions), 0, 0
        while done < calls:
            while sent < calls and sent - done < IN_FLIGHT:
                session = free.popleft()
                session[0].sendall(session[1])
                waiting.register(session[0], selectors.EVENT_READ, [session, b""])
                sent += 1
            for key, _ in waiting.select():
                key.data[1] = (key.data[1] + key.fileobj.recv(1 << 18))[-len(END):]
                if key.data[1] == END:
                    waiting.unregister(key.fileobj)
                    free.append(key.data[0])
                    done += 1

    def end(self):
        for connection, *_ in self.sessions:
            connection.close()
        self.process.terminate()
        self.process.wait()


# --- measuring ------------------------------------------------------------------------------------------------------

def cold_starts(servers, rounds):
    found = {server.label: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            begun = time.perf_counter()
            running = Stdio(server)
            running.begin()
            found[server.label].append((time.perf_counter() - begun) * 1000)
            running.end()
    return found


def sequential(running, rounds, block):
    """µs per call, of each server, with both ends on one core: otherwise the scheduler's choice is what is measured."""
    found = {label: [] for label in running}
    os.sched_setaffinity(0, {0})
    for one in running.values():
        pin(one.process.pid, {0})
        refuse_errors(one.one())
    for _ in range(rounds):
        for label, one in running.items():
            for _ in range(block):
                begun = time.perf_counter_ns()
                one.one()
                found[label].append((time.perf_counter_ns() - begun) / 1000)
    everywhere = range(os.cpu_count() or 1)
    os.sched_setaffinity(0, everywhere)
    for one in running.values():
        pin(one.process.pid, everywhere)
    return found


def throughput(running, rounds, calls):
    """Calls per second and processor time per call in µs, of each server."""
    rates, costs = {label: [] for label in running}, {label: [] for label in running}
    for _ in range(rounds):
        for label, one in running.items():
            used, begun = cpu_us(one.process.pid), time.perf_counter()
            one.many(calls)
            rates[label].append(calls / (time.perf_counter() - begun))
            costs[label].append((cpu_us(one.process.pid) - used) / calls)
    return rates, costs


def named(label):
    return label if "echo" in label else "deploy-ops"


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--server", type=Path, default=ROOT / "target/release/deploy-ops")
    options.add_argument("--echo", type=Path, default=ROOT / "target/release/examples/bare_echo")
    options.add_argument("--rounds", type=int, default=15, help="blocks of each server (default 15)")
    options = options.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="deploy-ops-bench-"))
    try:
        measure(options, directory)
    finally:
        shutil.rmtree(directory)


def measure(options, directory):
    file, names = example.configuration(directory)
    command = [str(options.server), "--config", str(file), "serve"]
    ours = Server(
        "`list_services`", command, lambda port: [*command, "--http", f"127.0.0.1:{port}"], call("list_services", {}), example.TOKEN
    )
    first = Stdio(ours)
    listed = first.begin()
    refuse_errors(first.one())
    first.end()
    example.history(directory, names)
    first = Stdio(ours)
    first.begin()
    answer = first.one()
    refuse_errors(answer)
    first.end()

    echo = [str(options.echo)]
    by_http = lambda port: [*echo, "http", str(port)]
    one_service = call("list_services", {"service": names[0]})
    short = Server("bare echo", [*echo, "stdio"], by_http, call("echo", {"text": "hello"}))
    same = Server(
        "bare echo, as many bytes", [*echo, "stdio"], by_http, call("echo", {"text": "x" * (len(answer) - 100)})
    )
    servers = [ours, short, same]
    print(f"{len(names)} services; an answer of list_services has {len(answer):,} bytes.\n")

    starts = cold_starts([ours, short], options.rounds)
    idle, running = {}, {}
    of_one = "`list_services` of one service"
    for server in servers:
        running[server.label] = Stdio(server)
        running[server.label].begin()
    time.sleep(1)
    for label, one in running.items():
        idle[label] = memory_kib(one.process.pid) / 1024
    running[of_one] = running[ours.label].asking(one_service)
    latencies = sequential(running, options.rounds, 100)
    rates, costs = throughput(running, options.rounds, 1000)
    del running[of_one]
    loaded = {label: memory_kib(one.process.pid) / 1024 for label, one in running.items()}
    for one in running.values():
        one.end()
    table(
        ["stdio", "cold start to `tools/list`, ms: median (least)", "RSS idle / after load, MiB"],
        [
            [named(label), f"{statistics.median(found):.1f} ({min(found):.1f})", f"{idle[label]:.1f} / {loaded[label]:.1f}"]
            for label, found in starts.items()
        ],
    )
    tools = json.loads(listed)["result"]["tools"]
    asked = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in tools]
    tokens = len(json.dumps(asked, separators=(",", ":"))) // 4
    table(
        ["the program", ""],
        [
            ["binary, MiB", f"{options.server.stat().st_size / 2**20:.1f}"],
            ["tools", str(len(tools))],
            ["tokens of names, descriptions and input schemas (bytes / 4)", f"{tokens:,}"],
            ["tokens of the whole `tools/list` answer (bytes / 4)", f"{len(listed) // 4:,}"],
        ],
    )
    show("stdio", latencies, rates, costs)

    running = {}
    for server in servers:
        running[server.label] = Http(server)
        running[server.label].open(IN_FLIGHT)
    running[of_one] = running[ours.label].asking(one_service)
    latencies = sequential(running, options.rounds, 50)
    rates, costs = throughput(running, options.rounds, 500)
    del running[of_one]
    for one in running.values():
        one.end()
    show("`/mcp`", latencies, rates, costs)

    rows, running, each = [], {}, {}
    for server in [ours, short]:
        one = running[server.label] = Http(server)
        one.open(1)
        one.one()
        before = memory_kib(one.process.pid)
        one.open(SESSIONS - 1)
        each[server.label] = (memory_kib(one.process.pid) - before) / (SESSIONS - 1)
    rates, _ = throughput(running, max(options.rounds // 3, 1), 1000)
    for label, one in running.items():
        rows.append([named(label), f"{each[label]:.0f}", f"{statistics.median(rates[label]):,.0f}"])
        one.end()
    table([f"{SESSIONS} sessions at `/mcp`", "KiB per session", f"calls/s, {IN_FLIGHT} in flight"], rows)


def show(transport, latencies, rates, costs):
    """What each server does, and that beside each echo: p50 and processor time as multiples, calls per second as a share."""
    p50, rate, cost = ({label: statistics.median(found) for label, found in all.items()} for all in (latencies, rates, costs))
    echoes = [label for label in p50 if "echo" in label]
    table(
        [transport, "p50 / p99, µs", f"calls/s, {IN_FLIGHT} in flight", "processor time per call, µs"],
        [
            [
                label, f"{p50[label]:.0f} / {percentile(latencies[label], 0.99):.0f}", f"{rate[label]:,.0f}", f"{cost[label]:.0f}"
            ]
            for label in p50
        ],
    )
    table(
        [f"{transport}, beside", "p50", "calls/s", "processor time"],
        [
            [
                f"{label} : {echo}", f"{p50[label] / p50[echo]:.1f}×", f"{rate[label] / rate[echo]:.2f}×",
                f"{cost[label] / cost[echo]:.1f}×",
            ]
            for label in p50 for echo in echoes if label not in echoes
        ],
    )


if __name__ == "__main__":
    main()
