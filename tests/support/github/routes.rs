//! What is served: each operation with the permission it needs.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{
    account, actions, alerts,
    answer::Answer,
    call::Call,
    checks, commits, contents, deployments, environments, issues, pulls, refs, releases,
    repository::{self, Repository},
    secrets,
    world::World,
};

/// An operation that is served.
#[derive(Debug)]
pub(super) struct Route {
    /// As the description writes it: `GET /user`.
    pub(super) operation: &'static str,
    /// As GitHub writes it: `issues=write`. Empty where any token will do.
    pub(super) permission: &'static str,
    pub(super) handler: Handler,
}

/// What answers a question.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    World(fn(&mut World, &Call) -> Answer),
    Repository(fn(&mut Repository, &Call) -> Answer),
    /// For an App's own key, not for tokens.
    App(fn(&mut World, &Call) -> Answer),
}

const fn world(operation: &'static str, permission: &'static str, it: fn(&mut World, &Call) -> Answer) -> Route {
    Route { operation, permission, handler: Handler::World(it) }
}

const fn app(operation: &'static str, it: fn(&mut World, &Call) -> Answer) -> Route {
    Route { operation, permission: "", handler: Handler::App(it) }
}

const fn on(operation: &'static str, permission: &'static str, it: fn(&mut Repository, &Call) -> Answer) -> Route {
    Route { operation, permission, handler: Handler::Repository(it) }
}

/// Fixed words before names: the first that matches counts.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    app("GET /app", account::app),
    app("GET /app/installations/{installation_id}", account::installation),
    app("POST /app/installations/{installation_id}/access_tokens", account::access_token),
    app("GET /repos/{owner}/{repo}/installation", account::repository_installation),
    world("GET /installation/repositories", "metadata=read", account::installation_repositories),
    world("GET /orgs/{org}/actions/secrets", "organization_secrets=read", secrets::of_organisation),
    world("GET /orgs/{org}/actions/secrets/{secret_name}", "organization_secrets=read", secrets::one_of_organisation),
    world("GET /orgs/{org}/actions/variables", "organization_actions_variables=read", secrets::variables_of_organisation),
    world("GET /orgs/{org}/actions/variables/{name}", "organization_actions_variables=read", secrets::variable_of_organisation),
    world("GET /orgs/{org}/teams/{team_slug}/members", "members=read", account::team_members),
    world("GET /rate_limit", "", account::rate_limit),
    world("GET /search/issues", "", issues::search),
    world("GET /user", "", account::user),
    on("GET /repos/{owner}/{repo}", "metadata=read", repository::get),
    on("GET /repos/{owner}/{repo}/actions/artifacts", "actions=read", actions::artifacts),
    on("GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}", "actions=read", actions::artifact),
    on("GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", "actions=read", actions::download),
    on("GET /repos/{owner}/{repo}/actions/organization-secrets", "secrets=read", secrets::granted_by_organisation),
    on("GET /repos/{owner}/{repo}/actions/organization-variables", "actions_variables=read", secrets::variables_granted_by_organisation),
    on("GET /repos/{owner}/{repo}/actions/runs", "actions=read", actions::runs),
    on("GET /repos/{owner}/{repo}/actions/runs/{run_id}", "actions=read", actions::run),
    on("GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals", "actions=read", actions::approvals),
    on("GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", "actions=read", actions::artifacts_of_run),
    on("GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "actions=read", actions::jobs),
    on("GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments", "actions=read", actions::pending_deployments),
    on("GET /repos/{owner}/{repo}/actions/secrets", "secrets=read", secrets::list),
    on("GET /repos/{owner}/{repo}/actions/secrets/{secret_name}", "secrets=read", secrets::get),
    on("GET /repos/{owner}/{repo}/actions/variables", "actions_variables=read", secrets::variables),
    on("GET /repos/{owner}/{repo}/actions/variables/{name}", "actions_variables=read", secrets::variable),
    on("GET /repos/{owner}/{repo}/actions/workflows", "actions=read", actions::workflows),
    on("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}", "actions=read", actions::workflow),
    on("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", "actions=write", actions::dispatch),
    on("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", "actions=read", actions::runs_of_workflow),
    on("GET /repos/{owner}/{repo}/branches", "contents=read", refs::branches),
    on("GET /repos/{owner}/{repo}/branches/{branch}/protection", "administration=read", refs::protection),
    on("GET /repos/{owner}/{repo}/branches/{branch}", "contents=read", refs::branch),
    on("GET /repos/{owner}/{repo}/code-scanning/alerts", "security_events=read", alerts::code_scanning),
    on("GET /repos/{owner}/{repo}/codeowners/errors", "contents=read", contents::codeowners_errors),
    on("GET /repos/{owner}/{repo}/collaborators/{username}/permission", "metadata=read", repository::permission),
    on("GET /repos/{owner}/{repo}/commits", "contents=read", commits::list),
    on("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests=read", pulls::with_commit),
    on("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", "checks=read", checks::runs),
    on("GET /repos/{owner}/{repo}/commits/{ref}/check-suites", "checks=read", checks::suites),
    on("GET /repos/{owner}/{repo}/commits/{ref}/status", "statuses=read", checks::combined_status),
    on("GET /repos/{owner}/{repo}/commits/{ref}/statuses", "statuses=read", checks::statuses),
    on("GET /repos/{owner}/{repo}/commits/{ref}", "contents=read", commits::get),
    on("GET /repos/{owner}/{repo}/compare/{basehead}", "contents=read", commits::compare),
    on("GET /repos/{owner}/{repo}/contents/{path}", "contents=read", contents::get),
    on("GET /repos/{owner}/{repo}/dependabot/alerts", "vulnerability_alerts=read", alerts::dependabot),
    on("GET /repos/{owner}/{repo}/dependabot/secrets", "dependabot_secrets=read", secrets::for_dependabot),
    on("GET /repos/{owner}/{repo}/deployments", "deployments=read", deployments::list),
    on("POST /repos/{owner}/{repo}/deployments", "deployments=write", deployments::create),
    on("GET /repos/{owner}/{repo}/deployments/{deployment_id}", "deployments=read", deployments::get),
    on("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "deployments=read", deployments::statuses),
    on("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "deployments=write", deployments::create_status),
    on("GET /repos/{owner}/{repo}/environments", "actions=read", environments::list),
    on("GET /repos/{owner}/{repo}/environments/{environment_name}", "actions=read", environments::get),
    on("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets", "environments=read", environments::secrets),
    on("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}", "environments=read", environments::secret),
    on("GET /repos/{owner}/{repo}/environments/{environment_name}/variables", "environments=read", environments::variables),
    on("GET /repos/{owner}/{repo}/environments/{environment_name}/variables/{name}", "environments=read", environments::variable),
    on("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", "contents=read", commits::git_commit),
    on("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", "contents=read", refs::matching),
    on("GET /repos/{owner}/{repo}/git/ref/{ref}", "contents=read", refs::get),
    on("POST /repos/{owner}/{repo}/git/refs", "contents=write", refs::create),
    on("POST /repos/{owner}/{repo}/git/tags", "contents=write", refs::create_tag),
    on("GET /repos/{owner}/{repo}/git/tags/{tag_sha}", "contents=read", refs::tag_object),
    on("GET /repos/{owner}/{repo}/issues", "issues=read", issues::list),
    on("POST /repos/{owner}/{repo}/issues", "issues=write", issues::create),
    on("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", "issues=read", issues::comment),
    on("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", "issues=write", issues::update_comment),
    on("GET /repos/{owner}/{repo}/issues/{issue_number}", "issues=read", issues::get),
    on("PATCH /repos/{owner}/{repo}/issues/{issue_number}", "issues=write", issues::update),
    on("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", "issues=read", issues::comments),
    on("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", "issues=write", issues::create_comment),
    on("GET /repos/{owner}/{repo}/issues/{issue_number}/labels", "issues=read", issues::labels),
    on("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", "issues=write", issues::add_labels),
    on("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", "issues=write", issues::remove_label),
    on("GET /repos/{owner}/{repo}/labels", "issues=read", issues::known_labels),
    on("POST /repos/{owner}/{repo}/labels", "issues=write", issues::create_label),
    on("GET /repos/{owner}/{repo}/pulls", "pull_requests=read", pulls::list),
    on("GET /repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests=read", pulls::get),
    on("GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", "pull_requests=read", pulls::commits),
    on("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", "pull_requests=read", pulls::files),
    on("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", "pull_requests=read", pulls::reviews),
    on("GET /repos/{owner}/{repo}/releases", "contents=read", releases::list),
    on("POST /repos/{owner}/{repo}/releases", "contents=write", releases::create),
    on("GET /repos/{owner}/{repo}/releases/assets/{asset_id}", "contents=read", releases::asset),
    on("GET /repos/{owner}/{repo}/releases/latest", "contents=read", releases::latest),
    on("GET /repos/{owner}/{repo}/releases/tags/{tag}", "contents=read", releases::by_tag),
    on("GET /repos/{owner}/{repo}/releases/{release_id}", "contents=read", releases::get),
    on("GET /repos/{owner}/{repo}/releases/{release_id}/assets", "contents=read", releases::assets),
    on("GET /repos/{owner}/{repo}/secret-scanning/alerts", "secret_scanning_alerts=read", alerts::secret_scanning),
    on("GET /repos/{owner}/{repo}/tags", "contents=read", refs::tags),
];

/// Names that may hold slashes.
const LONG: &[&str] = &["ref", "path", "branch", "basehead", "tag"];

/// The route for a path below the prefix, with the parts that its template names.
pub(super) fn route(method: &str, path: &str) -> Option<(&'static Route, BTreeMap<&'static str, String>)> {
    let given: Vec<_> = path.trim_start_matches('/').split('/').collect();
    ROUTES.iter().find_map(|route| {
        let (its_method, template) = route.operation.split_once(' ')?;
        let template: Vec<_> = template.trim_start_matches('/').split('/').collect();
        let mut parts = BTreeMap::new();
        (its_method == method && matches(&template, &given, &mut parts)).then_some((route, parts))
    })
}

fn matches(template: &[&'static str], given: &[&str], parts: &mut BTreeMap<&'static str, String>) -> bool {
    let Some((&first, template)) = template.split_first() else { return given.is_empty() };
    let Some(name) = first.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        return given.split_first().is_some_and(|(&word, given)| word == first && matches(template, given, parts));
    };
    let longest = if LONG.contains(&name) { given.len() } else { given.len().min(1) };
    (1..=longest).any(|length| {
        let (mine, rest) = given.split_at(length);
        let value = mine.join("/");
        let good = !value.is_empty() && matches(template, rest, parts);
        if good {
            parts.insert(name, percent_decode_str(&value).decode_utf8_lossy().into_owned());
        }
        good
    })
}
