#!/usr/bin/env python3
"""What checking many services at once costs beside `curl --parallel` on the same list, as a Markdown table.

    cargo build --release --bin deploy-ops
    python3 benches/smoke.py [--rounds 5] [--program target/release/deploy-ops]

Serves a page on loopback by a small program (needs `cc` and `curl`), whose answer to one path takes 2 s, and takes turns: run_smoke
of 20, 200 and 2,000 services with and without that path among them (first, in the middle, last), and curl on the same URLs without
it. curl looks at the status alone.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from client import Client

SLOW_S = 2.0
COUNTS = (20, 200, 2000)

# One process, one thread for each slow answer.
SITE = r"""
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
static const char PAGE[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\nwelcome home\n";
static void answer(int to) { if (write(to, PAGE, sizeof PAGE - 1) < 0) perror("write"); shutdown(to, SHUT_WR); close(to); }
static void *late(void *to) { sleep(2); answer((int)(long)to); return 0; }
int main(void) {
    int all = socket(AF_INET, SOCK_STREAM, 0), queue = epoll_create1(0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(all, (void *)&at, size) || listen(all, 4096)) return 1;
    getsockname(all, (void *)&at, &size);
    printf("%d\n", ntohs(at.sin_port)), fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = all}, ready[256];
    epoll_ctl(queue, EPOLL_CTL_ADD, all, &event);
    for (;;) for (int i = 0, n = epoll_wait(queue, ready, 256, -1); i < n; i++) {
        char asked[4096]; int from = ready[i].data.fd;
        if (from == all) {
            event.data.fd = accept(all, 0, 0);
            epoll_ctl(queue, EPOLL_CTL_ADD, event.data.fd, &event);
            continue;
        }
        ssize_t length = read(from, asked, sizeof asked - 1);
        if (length <= 0) { close(from); continue; }
        asked[length] = 0;
        pthread_t thread;
        epoll_ctl(queue, EPOLL_CTL_DEL, from, 0);
        if (!strncmp(asked, "GET /slow", 9)) pthread_create(&thread, 0, late, (void *)(long)from), pthread_detach(thread);
        else answer(from);
    }
}
"""


class Site:
    def __init__(self, home):
        (home / "site.c").write_text(SITE)
        subprocess.run(["cc", "-O2", "-pthread", "-o", home / "site", home / "site.c"], check=True)
        self.process = subprocess.Popen([home / "site"], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"


class Server(Client):
    def __init__(self, program, home, urls):
        home.mkdir()
        (home / "srv").mkdir()
        config = home / "deploy-ops.toml"
        service = (
            '[services.s{0}]\nrepository = "/r"\ndeploy = {{ kind = "release", artifact = "a" }}\n'
            'targets.production = {{ host = "here", root = "s{0}", url = "{1}" }}\n'
        )
        config.write_text(
            f'[environments.production]\n[hosts.here]\nkind = "local"\nroot = "{home}/srv"\n[limits]\ncalls_per_minute = 100000\n'
            + "".join(service.format(number, url) for number, url in enumerate(urls))
        )
        config.chmod(0o600)
        super().__init__(program, config)
        self.count = len(urls)
        # Certificates are read once.
        self.smoke()

    def smoke(self):
        begin = time.perf_counter()
        answer = self.ask("tools/call", {"name": "run_smoke", "arguments": {}})
        took = time.perf_counter() - begin
        found = answer.get("structuredContent", {})
        if (found.get("passed"), found.get("http_checks")) != (self.count, self.count):
            raise SystemExit(answer["content"][0]["text"])
        self.bytes = len(answer["content"][0]["text"])
        return took

    def peak_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def curl(home, urls):
    config = home / "curl.conf"
    config.write_text("".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls))
    command = ["curl", "-q", "--noproxy", "*", "--silent", "--fail", "--parallel", "--parallel-immediate", "--config", config]
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def with_slow(urls, site, place):
    return urls[:place] + [f"{site.url}/slow"] + urls[place + 1 :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", default=str(Path(__file__).resolve().parent.parent / "target/release/deploy-ops"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        site = Site(home)
        try:
            print("| services | run_smoke, ms | curl --parallel, ms | beside | slow first / middle / last, × 2 s | answer, KiB | memory, MiB |")
            print("|---|---|---|---|---|---|---|")
            for count in COUNTS:
                print(measure(options, home, site, count), flush=True)
        finally:
            site.process.kill()
            site.process.wait()


def measure(options, home, site, count):
    urls = [f"{site.url}/page-{number}" for number in range(count)]
    server = Server(options.program, home / f"all-{count}", urls)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(server.smoke())
        theirs.append(curl(home, urls))
    peak, size = server.peak_mib(), server.bytes / 1024
    server.stop()
    slow = []
    for name, place in (("first", 0), ("middle", count // 2), ("last", count - 1)):
        server = Server(options.program, home / f"{name}-{count}", with_slow(urls, site, place))
        slow.append(statistics.median(server.smoke() for _ in range(max(1, options.rounds // 2))) / SLOW_S)
        peak = max(peak, server.peak_mib())
        server.stop()
    a, b = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    beside = " / ".join(f"{one:.3f}" for one in slow)
    return f"| {count:,} | {a:.0f} | {b:.0f} | {a / b:.2f}× | {beside} | {size:.1f} | {peak:.0f} |"


if __name__ == "__main__":
    main()
