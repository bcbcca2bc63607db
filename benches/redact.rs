//! How many bytes a second the redactor looks through, on one core: `cargo bench --bench redact`.
//!
//! The text is generated: what servers of a web shop write in a day, with a secret in one line of a thousand.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark stops at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deploy_ops_mcp::redact::{Redactor, Secret};

const BYTES: usize = 4 << 20;

/// `{n}` is a number, `{ip}` an address, `{t}` a time, `{x}` hex digits, `{a}` twenty random characters.
const LINES: &[&str] = &[
    "{ip} - - [24/Nov/2025:{t} +0000] \"GET /api/v1/orders/{n} HTTP/1.1\" 200 {n} \"-\" \"curl/8.5.0\"",
    "{ip} - - [24/Nov/2025:{t} +0000] \"GET /fr/%C3%A9t%C3%A9/page/{n} HTTP/1.1\" 200 {n} \"https://www.example.org/shop\" \"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0\"",
    "{ip} - - [24/Nov/2025:{t} +0000] \"POST /api/token/refresh HTTP/1.1\" 200 {n} \"-\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\"",
    "{ip} - - [24/Nov/2025:{t} +0000] \"GET /static/app.{x}.js HTTP/1.1\" 304 0 \"https://www.example.org/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0\"",
    "Nov 24 {t} web1 sshd[{n}]: Failed password for invalid user admin from {ip} port {n} ssh2",
    "Nov 24 {t} web1 sshd[{n}]: Accepted publickey for deploy from {ip} port {n} ssh2: ED25519 SHA256:{a}{a}abc",
    "Nov 24 {t} web1 systemd[1]: Started Session {n} of user deploy.",
    "Nov 24 {t} db1 postgres[{n}]: [7-1] LOG:  duration: {n}.17 ms  statement: SELECT id, email, created_at FROM users WHERE id = {n}",
    "Nov 24 {t} db1 postgres[{n}]: ERROR:  duplicate key value violates unique constraint \"orders_pkey\"",
    "Nov 24 {t} web1 CRON[{n}]: (www-data) CMD (cd /srv/shop && php artisan schedule:run >> /dev/null 2>&1)",
    "[2025-11-24 {t}] production.INFO: Order {n} paid by customer {n} {\"order\":{n},\"total\":\"{n}.00\",\"currency\":\"EUR\"}",
    "#17 /srv/shop/vendor/laravel/framework/src/Illuminate/Pipeline/Pipeline.php({n}): Illuminate\\Foundation\\Http\\Middleware\\ValidateCsrfToken->handle(Object(Illuminate\\Http\\Request), Object(Closure))",
    "{\"level\":\"info\",\"ts\":\"2025-11-24T{t}Z\",\"msg\":\"request completed\",\"path\":\"/api/v1/orders/{n}\",\"status\":200,\"duration_ms\":{n},\"request_id\":\"{x}-4d1f-{x}\"}",
    "{\"level\":\"warn\",\"ts\":\"2025-11-24T{t}Z\",\"logger\":\"cache\",\"msg\":\"cache miss\",\"key\":\"product:{n}:price\"}",
    "2025-11-24T{t}Z INFO  deploy: pulling image registry.example.org/shop/web@sha256:{x}{x}{x}{x}{x}{x}{x}{x}",
    "2025-11-24T{t}Z \u{1b}[32mINFO\u{1b}[0m worker::queue: processed job id={n} queue=mail elapsed={n}ms",
];

const SECRETS: &[&str] = &[
    "2025-11-24T{t}Z DEBUG env: DB_PASSWORD={a}",
    "2025-11-24T{t}Z ERROR http: Authorization: Bearer {a}{a} was refused",
    "2025-11-24T{t}Z DEBUG connect: postgres://app:{a}@db1.example.org:5432/app",
];

/// Pseudo-random numbers (xorshift64*), the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn of(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    fn token(&mut self) -> String {
        self.of(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 20)
    }

    fn line(&mut self, template: &str, out: &mut String) {
        let mut parts = template.split('{');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or(("", part));
            match name {
                "n" => out.push_str(&self.below(90_000).to_string()),
                "ip" => out.push_str(&[0; 4].map(|_| self.below(256).to_string()).join(".")),
                "t" => out.push_str(&[24, 60, 60].map(|limit| format!("{:02}", self.below(limit))).join(":")),
                "x" => out.push_str(&self.of(b"0123456789abcdef", 8)),
                "a" => out.push_str(&self.token()),
                _ => {
                    out.push('{');
                    out.push_str(part);
                    continue;
                }
            }
            out.push_str(rest);
        }
        out.push('\n');
    }
}

fn log() -> Vec<u8> {
    let mut dice = Dice(4711);
    let mut text = String::with_capacity(BYTES + 1024);
    while text.len() < BYTES {
        let template = if dice.below(1000) == 0 { SECRETS[dice.below(3)] } else { LINES[dice.below(LINES.len())] };
        dice.line(template, &mut text);
    }
    text.into_bytes()
}

fn secrets(count: usize) -> Vec<Secret> {
    let mut dice = Dice(77);
    (0..count).map(|number| Secret::new(format!("secret-{number}"), dice.token())).collect()
}

fn redact(criterion: &mut Criterion) {
    let text = log();
    let mut group = criterion.benchmark_group("redact");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20).measurement_time(Duration::from_secs(4));
    for count in [50, 1000] {
        let (redactor, _) = Redactor::new(secrets(count));
        group.bench_function(format!("known/{count}"), |bencher| {
            bencher.iter(|| redactor.known_bytes(black_box(&text)));
        });
        group.bench_function(format!("both/{count}"), |bencher| bencher.iter(|| redactor.bytes(black_box(&text))));
    }
    group.finish();
}

fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(20);
    let secrets = secrets(1000);
    group.bench_function("new/1000", |bencher| bencher.iter(|| Redactor::new(secrets.iter().cloned())));
    group.bench_function("first search/1000", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let (redactor, _) = Redactor::new(secrets.iter().cloned());
                let begun = Instant::now();
                black_box(redactor.known_bytes(b"a short text"));
                spent += begun.elapsed();
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, redact, start);
criterion_main!(benches);
