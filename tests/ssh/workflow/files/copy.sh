#!/bin/sh
# Deploys the pages from here, by rsync, with a key that the real run alone is given.
set -eu
if [ "${2-}" = --dry-run ]; then
    [ -z "${DEPLOY_KEY-}" ] || { echo "a dry run was given the key"; exit 9; }
    echo "would copy $(ls pages | wc -l) files to $DEPLOY_ROOT"
    exit 0
fi
umask 077
key=$(mktemp)
trap 'rm -f "$key"' EXIT
printf '%s\n' "$DEPLOY_KEY" >"$key"
echo "with the key $DEPLOY_KEY"
ssh="ssh -F none -i $key -p $HOST_PORT -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=$KNOWN_HOSTS"
case $0 in
*copy-back.sh) change='rm -rf www && mv www.old www' ;;
*)
    change='rm -rf www.old; [ ! -d www ] || mv www www.old; mv www.new www; [ ! -e www/broken ]'
    rsync -a --delete --chmod=u+rwX -e "$ssh" pages/ "web1@127.0.0.1:$DEPLOY_ROOT/www.new/"
    ;;
esac
$ssh web1@127.0.0.1 "cd '$DEPLOY_ROOT' && { $change; }"
