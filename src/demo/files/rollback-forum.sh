#!/bin/sh
# Goes back to the pages that were live before.
set -eu
[ ! -d "$DEPLOY_ROOT/www.old" ] || { rm -rf "$DEPLOY_ROOT/www"; mv "$DEPLOY_ROOT/www.old" "$DEPLOY_ROOT/www"; }
echo "forum is back"
