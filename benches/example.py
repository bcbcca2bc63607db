"""What benches/serve.py has served: a configuration, and a ledger with a past."""

import json
import sqlite3
import time
import uuid

TOKEN = "mcp-example-4pQ7rT2vX9zB6nM1"


def configuration(directory):
    """Twenty services with databases, secrets and gates, and a ledger in which each was deployed five times."""
    names = [f"service-{n:02}" for n in range(20)]
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    lines = [
        '[environments.production]\ntier = "production"\n[environments.staging]\ntier = "staging"',
        f'[hosts.here]\nkind = "local"\nroot = "{directory}/srv"',
        f'[roots]\nlogs = "{directory}/log"',
        '[gates.quality]\ncommand = ["true"]',
        # The highest that the configuration allows: the limits are not what is measured.
        "[limits]\ncalls_per_minute = 100000\nconcurrency = 1024",
        '[[tokens]]\nname = "bench"\nsecret = "MCP_TOKEN"\nscopes = ["read"]',
    ]
    held = {"MCP_TOKEN": TOKEN}
    for n, name in enumerate(names):
        secret = f"{name.upper().replace('-', '_')}_DB_PASSWORD"
        held[secret] = f"example-{n:02}-Zq8Lw3RtYk5vHd2"
        environments = ["production", "staging"] if n % 4 == 0 else ["production"]
        lines.append(
            f'[databases.{name}]\nengine = "mariadb"\naddress = "db.example.org"\nuser = "u{n}"\npassword = "{secret}"\n'
            f'[services.{name}]\ndescription = "The service number {n} of the example"\n'
            f'repository = "{directory}/repository"\ngates = ["quality"]\nsecrets = ["{secret}"]\n'
            f'[services.{name}.deploy]\nkind = "script"\nscript = "deploy.sh"\ndry_run_argument = "--dry-run"\n'
            'rollback = "rollback.sh"\n'
            + "\n".join(
                f'[services.{name}.targets.{where}]\nhost = "here"\nroot = "{name}-{where}"\n'
                f'url = "https://{name}.example.org/"\ndatabases = ["{name}"]'
                for where in environments
            )
        )
    lines.append("[secrets]")
    for secret, value in held.items():
        file = secrets / secret
        file.write_text(value)
        file.chmod(0o600)
        lines.append(f'{secret} = "file:{file}"')
    file = directory / "deploy-ops.toml"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return file, names


def canonical(record):
    """As the ledger writes it."""
    return json.dumps(record, separators=(",", ":"), sort_keys=True)


def history(directory, names):
    """Five deployments of each service, so that the server reads as much as one that is in use."""
    state = sqlite3.connect(directory / "deploy-ops-data" / "state.db")
    for name in names:
        for n in range(5):
            operation, at = f"op_{uuid.uuid4()}", 1_700_000_000_000 + n * 86_400_000
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at / 1000))
            place = {"service": name, "environment": "production", "version": f"v1.{n}.0"}
            record = {
                **place, "id": operation, "kind": "deploy", "requester": "client:alice", "state": "succeeded",
                "started_at": when, "finished_at": when, "summary": "Deployed.", "fence": 1,
                "metrics": {"duration_ms": 41_000, "services_deployed": 1, "failures": 0, "rollbacks": 0},
            }
            columns = "id, service, environment, state, terminal, started_at, fence, instance, record, entry"
            row = (operation, name, "production", "succeeded", 1, at, 1, "example", canonical(record), 0)
            state.execute(f"INSERT INTO operations ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            became = "live" if n == 4 else "replaced"
            record = {**place, "commit": f"{n:040x}", "operation": operation, "at": when, "state": became}
            columns = "operation, service, environment, at, record, entry"
            row = (operation, name, "production", at, canonical(record), 0)
            state.execute(f"INSERT INTO deployments ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
    state.commit()
    state.close()
