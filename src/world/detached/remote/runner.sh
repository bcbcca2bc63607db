# Runs one script, once, in a process group that holds nothing else. The working directory is that of the run. What is known of the
# run are symbolic links: making one is atomic, fails when there is one already, and needs no space on a full disk.
#   claim = process, its begin, its group, boot and process space of who runs it     child = process and begin of the script
#   over = why it was ended before its time                                          rc = how it ended: word, exit code, seconds
set -u
trap : TERM
umask 077
our_fence=$1 our_starter=$2 our_limit=$3 our_most=$4 our_leftovers=$5 our_directory=$6
shift 6
our_group=$(group_of $$)
# Without setsid it is the group of the shell that started us, if that shell leads one.
case $our_group in $$ | "$our_starter") ;; *) exit 3 ;; esac
(: >>log) || exit 4
for our_file in fence.*; do
  [ "${our_file#fence.}" -le "$our_fence" ] || exit 5
done
ln -s "$$ $(stamp $$) $our_group $(here)" claim 2>/dev/null || exit 0
our_begin=$(date +%s)
(
  umask 022
  cd "$our_directory" && unset OLDPWD && exec "$@"
) </dev/null >>log 2>&1 &
our_child=$!
ln -s "$our_child $(stamp $our_child)" child
# It may have been told to end before it began.
[ ! -h over ] || kill -TERM "-$our_group"
# Nobody else may be there when its time is over.
(
  trap '' TERM
  our_left=$our_limit our_why=
  while [ -z "$our_why" ]; do
    sleep 1
    # Somebody else has told it to end.
    [ ! -h over ] || break
    kill -0 "$our_child" 2>/dev/null || exit 0
    our_left=$((our_left - 1))
    set -- $(ls -ln log)
    [ "${5:-0}" -le "$our_most" ] || our_why=flood
    [ "$our_left" -gt 0 ] || our_why=${our_why:-timeout}
  done
  ! ln -s "$our_why" over || kill -TERM "-$our_group"
  our_left=10
  while [ "$our_left" -gt 0 ] && kill -0 "$our_child" 2>/dev/null; do
    sleep 1
    our_left=$((our_left - 1))
  done
  kill -KILL "$our_child"
) </dev/null >/dev/null 2>&1 &
our_watchdog=$!
wait "$our_child"
our_code=$?
# A signal to us interrupts the waiting.
while [ "$our_code" -gt 128 ] && kill -0 "$our_child" 2>/dev/null; do
  wait "$our_child"
  our_code=$?
done
kill -KILL "$our_watchdog" 2>/dev/null
our_why=code
[ ! -h over ] || our_why=$(readlink over)
our_end=$(date +%s)
# One that was ended leaves nobody, and only then it is said. Where it went when it was told, the others have as long as it had.
our_left=10
[ "$our_code" != 137 ] || our_left=0
while [ "$our_why" != code ] && our_others=$(members "$our_group") && [ -n "$our_others" ]; do
  if [ "$our_left" -le 0 ]; then
    echo "$our_others" | while read -r our_other _; do kill -KILL "$our_other"; done
  fi
  our_left=$((our_left - 1))
  sleep 1
done 2>/dev/null
ln -s "$our_why $our_code $((${our_end:-0} - ${our_begin:-0}))" rc
# What a script leaves behind may stay: a deployment may start a server. Where the kernel does not tell who is left, this ends them.
[ "$our_why" = code ] && [ "$our_leftovers" = stay ] || kill -KILL "-$our_group"
