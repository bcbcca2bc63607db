# Starts a run, unless it was started before, and says what came of it in one word. Standard input: how many variables; of each
# its name, how many lines its value has, and these; then the bytes that the script must have.
set -u
umask 077
our_run=$1 our_fence=$2 our_script=$3 our_owner=$4 our_runner=$5
shift 5
mkdir -p -- "$our_run" && cd "$our_run" || exit 1
IFS= read -r our_count || exit 1
# Of the login's environment only what says where programs and homes are.
for our_name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $our_name in PATH | HOME | USER | LOGNAME | SHELL | PWD | our_*) ;; *) unset "$our_name" ;; esac
done
export LANG=C.UTF-8 TZ=UTC
while [ "$our_count" -gt 0 ]; do
  IFS= read -r our_name && IFS= read -r our_lines && IFS= read -r our_value || exit 1
  while [ "$our_lines" -gt 1 ]; do
    IFS= read -r our_line || exit 1
    our_value=$our_value'
'$our_line
    our_lines=$((our_lines - 1))
  done
  export "$our_name=$our_value"
  our_count=$((our_count - 1))
done
if [ -h claim ] || [ -h rc ]; then
  echo claimed
  exit 0
fi
ln -s "$our_owner" ../owner 2>/dev/null
ln -s . "fence.$our_fence" 2>/dev/null || [ -h "fence.$our_fence" ] || exit 1
for our_file in fence.*; do
  [ "${our_file#fence.}" -le "$our_fence" ] || { echo stale; exit 0; }
done
# What runs are the planned bytes, not what somebody may have put in their place since they were sent.
if [ -n "$our_script" ] && ! cmp -s - "$our_script"; then
  command -v cmp >/dev/null && echo altered || echo blind
  exit 0
fi
if command -v setsid >/dev/null; then
  setsid sh -c "$our_runner" sh "$our_fence" $$ "$@" </dev/null >/dev/null 2>&1 &
else
  (
    trap '' HUP
    exec sh -c "$our_runner" sh "$our_fence" $$ "$@"
  ) </dev/null >/dev/null 2>&1 &
fi
our_runner=$!
while [ ! -h claim ] && kill -0 "$our_runner" 2>/dev/null; do
  sleep 0.05 2>/dev/null || sleep 1
done
if [ -h claim ]; then
  echo claimed
  exit 0
fi
wait "$our_runner"
case $? in 3) echo shared ;; 5) echo stale ;; *) exit 1 ;; esac
