//! Every default and every bound of the configuration, in one place. `docs/deploy-ops.example.toml` names them to operators.

use super::raw::Bounds;
use crate::domain::inventory::{HttpCheck, Viewport};

const fn bounds(default: u32, least: u32, most: u32) -> Bounds {
    Bounds { least, most, default }
}

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// The environment variable that names the configuration file.
pub(crate) const FILE_VARIABLE: &str = "DEPLOY_OPS_CONFIG";
/// The file that is looked for in the working directory.
pub(crate) const FILE_NAME: &str = "deploy-ops.toml";
/// A larger configuration file is refused, bytes.
pub(crate) const FILE_MAX: u64 = 1024 * 1024;
/// A larger secret is refused, bytes.
pub(crate) const SECRET_MAX: u64 = 64 * 1024;

/// The data directory, beside the configuration file.
pub(crate) const DATA_DIRECTORY: &str = "deploy-ops-data";
/// The directory of the deployment reports, beside the configuration file.
pub(crate) const REPORT_DIRECTORY: &str = "quality-reports";
/// The state database, in the data directory.
pub(crate) const STATE_FILE: &str = "state.db";

pub(crate) const SSH_PORT: Bounds = bounds(22, 1, 65535);
pub(crate) const POSTGRES_PORT: Bounds = bounds(5432, 1, 65535);
pub(crate) const MARIADB_PORT: Bounds = bounds(3306, 1, 65535);

/// How long an approval may be used, seconds.
pub(crate) const APPROVAL_VALID_FOR_S: Bounds = bounds(900, 60, 4 * HOUR);
/// How long a plan waits after its approval, seconds.
pub(crate) const APPROVAL_WAIT_S: Bounds = bounds(0, 0, 4 * HOUR);
/// How old the snapshot of a database may be to count as current, seconds.
pub(crate) const SNAPSHOT_MAX_AGE_S: Bounds = bounds(900, 60, 7 * DAY);
/// How long a script may take, seconds.
pub(crate) const SCRIPT_TIMEOUT_S: Bounds = bounds(1800, 1, 6 * HOUR);
/// How long a build may take, seconds.
pub(crate) const BUILD_TIMEOUT_S: Bounds = bounds(1800, 1, 6 * HOUR);
/// How long a quality gate may take, seconds.
pub(crate) const GATE_TIMEOUT_S: Bounds = bounds(900, 1, 6 * HOUR);
/// How long a suite of end-to-end tests may take, seconds.
pub(crate) const E2E_TIMEOUT_S: Bounds = bounds(900, 1, 2 * HOUR);
/// The REST API of github.com.
pub(crate) const GITHUB_API: &str = "https://api.github.com";
/// The interface of Brave Search.
pub(crate) const SEARCH_API: &str = "https://api.search.brave.com/res/v1";
/// The label of issues about deployments.
pub(crate) const GITHUB_ISSUE_LABEL: &str = "deployment";
/// How often the comment about an operation that runs is changed at most, seconds.
pub(crate) const TELL_EVERY_S: Bounds = bounds(30, 1, HOUR);
/// How long the remote of a repository may take, seconds.
pub(crate) const REMOTE_TIMEOUT_S: Bounds = bounds(60, 1, 600);
/// Ids of Apps and installations.
pub(crate) const GITHUB_ID: Bounds = bounds(1, 1, u32::MAX);
/// How many tests of a quality gate have to pass; without the key, one has to where tests are counted.
pub(crate) const MINIMUM_TESTS: Bounds = bounds(1, 1, 1_000_000);
/// How many people have to approve a pull request.
pub(crate) const REVIEW_APPROVALS: Bounds = bounds(1, 1, 20);
/// How many old releases are kept.
pub(crate) const KEEP_RELEASES: Bounds = bounds(5, 1, 100);
/// How long one attempt of a smoke check may take, milliseconds.
pub(crate) const SMOKE_TIMEOUT_MS: Bounds = bounds(10_000, 100, 120_000);
/// How many attempts a smoke check has.
pub(crate) const SMOKE_ATTEMPTS: Bounds = bounds(3, 1, 20);
/// The HTTP status that a smoke check wants.
pub(crate) const SMOKE_STATUS: Bounds = bounds(200, 100, 599);
/// How many redirects a smoke check follows.
pub(crate) const SMOKE_REDIRECTS: Bounds = bounds(HttpCheck::REDIRECTS, 0, 20);
/// How long the answer to a smoke check may take, milliseconds; only where the file says so.
pub(crate) const SMOKE_MAX_MS: Bounds = bounds(1000, 1, 120_000);
/// How many days before its end a certificate is told of.
pub(crate) const CERTIFICATE_DAYS: Bounds = bounds(14, 0, 365);
/// How long a page may take until it can be looked at, seconds.
pub(crate) const PAGE_TIMEOUT_S: Bounds = bounds(20, 1, 35);
/// What pages are shown on without being told.
pub(crate) const VIEWPORTS: [(&str, Viewport); 3] = [
    ("desktop", Viewport { width: 1280, height: 800, mobile: false }),
    ("tablet", Viewport { width: 820, height: 1180, mobile: true }),
    ("phone", Viewport { width: 390, height: 844, mobile: true }),
];
/// The sides of a viewport, CSS pixels.
pub(crate) const VIEWPORT_SIDE: Bounds = bounds(800, 100, 4000);
/// A place or length in a picture, pixels.
pub(crate) const PICTURE_PIXELS: Bounds = bounds(0, 0, 20_000);
/// How many thousandths of a page's pixels may differ.
pub(crate) const PAGE_THRESHOLD_PERMILLE: Bounds = bounds(1, 0, 1000);
/// By how much a channel of a pixel may differ.
pub(crate) const PAGE_TOLERANCE: Bounds = bounds(16, 0, 255);
/// How often Lighthouse measures a page.
pub(crate) const LIGHTHOUSE_RUNS: Bounds = bounds(3, 1, 9);
/// How long one run of Lighthouse may take, seconds.
pub(crate) const LIGHTHOUSE_TIMEOUT_S: Bounds = bounds(120, 10, 600);
/// The least score of a category.
pub(crate) const LIGHTHOUSE_MINIMUM: Bounds = bounds(90, 0, 100);
/// The most of a metric; only where the file says so.
pub(crate) const LIGHTHOUSE_BUDGET: Bounds = bounds(2500, 0, 120_000);

/// How long one answer of a monitor may take, milliseconds.
pub(crate) const MONITORING_TIMEOUT_MS: Bounds = bounds(5000, 100, 10_000);
/// For how long monitors are watched after a deployment, seconds.
pub(crate) const MONITORING_WATCH_S: Bounds = bounds(0, 0, 900);
/// How long before a window users have to be told of it, minutes.
pub(crate) const NOTICE_LEAD_MIN: Bounds = bounds(0, 0, 30 * 24 * 60);

/// How many pages a search of the web shows.
pub(crate) const SEARCH_RESULTS: Bounds = bounds(5, 1, 20);
/// After how many days a secret has to be replaced; only where the file says so.
pub(crate) const ROTATE_AFTER_DAYS: Bounds = bounds(90, 1, 3650);

pub(crate) const DRY_RUN_FRESH_S: Bounds = bounds(1800, 60, DAY);
pub(crate) const SNAPSHOT_FRESH_S: Bounds = bounds(900, 60, DAY);
pub(crate) const GATES_FRESH_S: Bounds = bounds(HOUR, 60, DAY);
pub(crate) const CI_GATES_FRESH_S: Bounds = bounds(DAY, 60, 7 * DAY);
pub(crate) const ALERTS_FRESH_S: Bounds = bounds(900, 60, DAY);
pub(crate) const ROLLBACK_FRESH_S: Bounds = bounds(DAY, 60, 7 * DAY);
pub(crate) const SECRETS_FRESH_S: Bounds = bounds(DAY, 60, 7 * DAY);
pub(crate) const SMOKE_FRESH_S: Bounds = bounds(900, 60, DAY);
pub(crate) const PLAN_LIFETIME_S: Bounds = bounds(1800, 60, DAY);
pub(crate) const PRODUCTION_PLAN_LIFETIME_S: Bounds = bounds(900, 60, 4 * HOUR);
pub(crate) const DECISION_DEADLINE_S: Bounds = bounds(1800, 60, DAY);

pub(crate) const BODY_BYTES: Bounds = bounds(1024 * 1024, 1024, 16 * 1024 * 1024);
pub(crate) const STRING_BYTES: Bounds = bounds(64 * 1024, 256, 1024 * 1024);
pub(crate) const CONCURRENCY: Bounds = bounds(64, 1, 1024);
pub(crate) const CALLS_PER_MINUTE: Bounds = bounds(300, 1, 100_000);
pub(crate) const PLANS_PER_HOUR: Bounds = bounds(60, 1, 10_000);
pub(crate) const CHANGES_PER_HOUR: Bounds = bounds(60, 1, 10_000);
pub(crate) const VERIFIES_PER_MINUTE: Bounds = bounds(5, 1, 1000);
pub(crate) const WAIT_DEFAULT_S: Bounds = bounds(20, 0, 40);
pub(crate) const WAIT_MAX_S: Bounds = bounds(40, 1, 40);

/// How many redacted secrets stop a session.
pub(crate) const SESSION_STOP_HITS: Bounds = bounds(20, 1, 10_000);
