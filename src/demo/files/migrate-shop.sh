#!/bin/sh
# Brings the shop's database to the newest migration of this release.
set -eu
exec "$DEPLOY_OPS" demo-migrate "$SHOP_DB" migrations
