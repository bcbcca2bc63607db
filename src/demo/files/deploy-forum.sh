#!/bin/sh
# Deploys the forum: copies its pages into the service's directory.
set -eu
dry_run=no
version=
for argument in "$@"; do
    case "$argument" in
        --dry-run) dry_run=yes ;;
        *) version=$argument ;;
    esac
done
echo "deploying forum $version to $DEPLOY_ROOT"
if [ "$dry_run" = yes ]; then
    echo "would copy $(ls forum | wc -l) files"
    exit 0
fi
# What careless scripts do: they print what they were given.
echo "connecting to postgres://forum:${FORUM_DB_PASSWORD}@db.example.org:5432/forum"
echo "Authorization: Bearer ${FORUM_DB_PASSWORD}"
echo start >> "$DEPLOY_ROOT/starts.log"
# The demo holds the script here, to pull the plug in the middle of a deployment.
turn=0
while [ -e "$HOLD_FILE" ] && [ "$turn" -lt 200 ]; do
    turn=$((turn + 1))
    sleep 0.05
done
mkdir -p "$DEPLOY_ROOT/www.new"
cp forum/* "$DEPLOY_ROOT/www.new/"
rm -rf "$DEPLOY_ROOT/www.old"
[ ! -d "$DEPLOY_ROOT/www" ] || mv "$DEPLOY_ROOT/www" "$DEPLOY_ROOT/www.old"
mv "$DEPLOY_ROOT/www.new" "$DEPLOY_ROOT/www"
echo "forum $version is live"
