-- The chain. Rows are only ever added; `hash` covers every other column, `prev` is the hash of the row before.
CREATE TABLE entries (
    seq       BIGINT PRIMARY KEY NOT NULL,
    at        TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    operation TEXT,
    actor     TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    prev      TEXT   NOT NULL,
    hash      TEXT   NOT NULL
);
CREATE INDEX entries_operation ON entries (operation, seq);

-- State. Every row names in `entry` the entry of the chain that last changed it, and that entry holds the row's digest.
-- Moments are milliseconds since 1970-01-01T00:00:00Z; `record` is JSON.
CREATE TABLE plans (
    id          TEXT   PRIMARY KEY NOT NULL,
    text        TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    dry_run     TEXT   NOT NULL,
    consumed_by TEXT,
    entry       BIGINT NOT NULL
);
CREATE INDEX plans_entry ON plans (entry);
CREATE INDEX plans_expiry ON plans (expires_at);

CREATE TABLE approvals (
    plan        TEXT   NOT NULL REFERENCES plans (id),
    number      BIGINT NOT NULL,
    record      TEXT   NOT NULL,
    consumed_by TEXT,
    entry       BIGINT NOT NULL,
    PRIMARY KEY (plan, number)
);
CREATE INDEX approvals_entry ON approvals (entry);

CREATE TABLE totp_steps (
    environment TEXT   NOT NULL,
    step        BIGINT NOT NULL,
    entry       BIGINT NOT NULL,
    PRIMARY KEY (environment, step)
);
CREATE INDEX totp_steps_entry ON totp_steps (entry);

CREATE TABLE operations (
    id          TEXT   PRIMARY KEY NOT NULL,
    service     TEXT,
    environment TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    terminal    BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    plan        TEXT,
    fence       BIGINT NOT NULL,
    instance    TEXT   NOT NULL,
    cleared_by  TEXT,
    record      TEXT   NOT NULL,
    entry       BIGINT NOT NULL
);
CREATE INDEX operations_entry ON operations (entry);
CREATE INDEX operations_start ON operations (started_at);
CREATE INDEX operations_state ON operations (state);

CREATE TABLE journal (
    operation TEXT   NOT NULL REFERENCES operations (id),
    phase     TEXT   NOT NULL,
    position  BIGINT NOT NULL,
    attempt   BIGINT NOT NULL,
    intent    BIGINT NOT NULL,
    record    TEXT   NOT NULL,
    entry     BIGINT NOT NULL,
    PRIMARY KEY (operation, phase, position, attempt)
);
CREATE INDEX journal_entry ON journal (entry);

CREATE TABLE evidence (
    entry     BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    operation TEXT   NOT NULL,
    plan      TEXT,
    record    TEXT   NOT NULL,
    PRIMARY KEY (entry, number)
);
CREATE INDEX evidence_operation ON evidence (operation);
CREATE INDEX evidence_plan ON evidence (plan);

CREATE TABLE locks (
    resource   TEXT   PRIMARY KEY NOT NULL,
    fence      BIGINT NOT NULL,
    holder     TEXT,
    operation  TEXT,
    reason     TEXT   NOT NULL,
    since      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    entry      BIGINT NOT NULL
);
CREATE INDEX locks_entry ON locks (entry);
CREATE INDEX locks_operation ON locks (operation);

CREATE TABLE cancels (
    operation    TEXT   PRIMARY KEY NOT NULL REFERENCES operations (id),
    requested_by TEXT   NOT NULL,
    entry        BIGINT NOT NULL
);
CREATE INDEX cancels_entry ON cancels (entry);

CREATE TABLE decisions (
    operation  TEXT   NOT NULL REFERENCES operations (id),
    number     BIGINT NOT NULL,
    decision   TEXT   NOT NULL,
    decided_by TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    taken      BIGINT NOT NULL,
    entry      BIGINT NOT NULL,
    PRIMARY KEY (operation, number)
);
CREATE INDEX decisions_entry ON decisions (entry);

CREATE TABLE halts (
    number    BIGINT PRIMARY KEY NOT NULL,
    halted_by TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    ended_by  TEXT,
    entry     BIGINT NOT NULL
);
CREATE INDEX halts_entry ON halts (entry);

CREATE TABLE deployments (
    operation   TEXT   NOT NULL,
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    record      TEXT   NOT NULL,
    entry       BIGINT NOT NULL,
    PRIMARY KEY (operation, service, environment)
);
CREATE INDEX deployments_entry ON deployments (entry);
CREATE INDEX deployments_place ON deployments (service, environment, at);

CREATE TABLE snapshots (
    id            TEXT   PRIMARY KEY NOT NULL,
    database_name TEXT   NOT NULL,
    taken_at      BIGINT NOT NULL,
    tombstoned_at BIGINT,
    tombstoned_by TEXT,
    record        TEXT   NOT NULL,
    entry         BIGINT NOT NULL
);
CREATE INDEX snapshots_entry ON snapshots (entry);
CREATE INDEX snapshots_database ON snapshots (database_name, taken_at);
