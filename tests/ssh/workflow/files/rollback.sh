#!/bin/sh
# Goes back to the pages that were live before, on the host.
set -eu
cd "$DEPLOY_ROOT"
rm -rf www.new
[ ! -d www.old ] || { rm -rf www; mv www.old www; }
echo "back from $1"
