#!/bin/sh
# Deploys the pages, on the host: copies them beside the live ones, and changes places.
set -eu
echo "deploying pages $1 to $DEPLOY_ROOT as $(id -un)"
if [ "${2-}" = --dry-run ]; then
    echo "would copy $(ls pages | wc -l) files"
    exit 0
fi
echo "connecting with $SITE_DB_PASSWORD, moving $SITE_WORD"
echo "$1" >>"$DEPLOY_ROOT/effects"
while [ -e "$DEPLOY_ROOT/hold" ]; do sleep 0.05; done
cp -R pages "$DEPLOY_ROOT/www.new"
cd "$DEPLOY_ROOT"
rm -rf www.old
[ ! -d www ] || mv www www.old
mv www.new www
if [ -e www/broken ]; then
    echo "Authorization: Bearer $(sed -n 's/^API_TOKEN=//p' ../site/shared/.env) was refused"
    exit 3
fi
