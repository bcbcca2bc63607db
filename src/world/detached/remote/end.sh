# Ends all processes of a run, if one of those that it began with still lives, and says whether any is left. Whoever has ended by
# itself keeps its outcome. Why it is ended is the second argument, the fence of who asks the third.
cd "$1" 2>/dev/null || exit 1
our_why=$2
for our_file in fence.*; do
  [ "${our_file#fence.}" -le "$3" ] || { echo stale; exit 0; }
done
set -- $(readlink claim) $(readlink child 2>/dev/null)
[ "$#" -ge 4 ] || exit 1
if [ "$(here)" != "$4" ]; then
  echo unseen
  exit 0
fi
our_runner=$1 our_since=$2 our_group=$3 our_child=${5-} our_begin=${6-}
living() { [ -n "$1" ] && [ "$(stamp "$1")" = "$2" ]; }
child() { our_child=${1-} our_begin=${2-}; }
script_lives() {
  [ -n "$our_child" ] || child $(readlink child)
  living "$our_child" "$our_begin"
}
run_lives() { living "$our_runner" "$our_since" || script_lives; }
anybody() {
  if [ -r /proc/self/stat ]; then [ -n "$(members "$our_group")" ]; else kill -0 "-$our_group"; fi
}
if sleep 0.1; then our_second=10 our_nap=0.1; else our_second=1 our_nap=1; fi 2>/dev/null
# Waits while something is true, so many seconds at most.
while_so() {
  our_left=$(($2 * our_second))
  while [ "$our_left" -gt 0 ] && "$1"; do
    sleep "$our_nap"
    our_left=$((our_left - 1))
  done
}
# Each group once: told twice, somebody might think that he has to hurry.
signal() {
  our_told=' '
  for our_one in $our_group $(members "$our_group" | while read -r _ our_one; do echo "$our_one"; done); do
    case $our_told in *" $our_one "*) continue ;; esac
    our_told="$our_told$our_one "
    kill "$1" "-$our_one"
  done
}
case $(readlink rc 2>/dev/null) in code\ *)
  echo ended
  exit 0
  ;;
esac
if run_lives; then
  ! ln -s "$our_why" over || signal -TERM
  while_so script_lives 10
  # First the script alone: who runs it ends the others, and can then say how it ended.
  ! script_lives || kill -KILL "$our_child"
  # The others of its group have as long.
  while_so run_lives 15
  ! run_lives && ! anybody || signal -KILL
fi 2>/dev/null
while_so anybody 3 2>/dev/null
if run_lives || anybody; then echo left; else echo ended; fi 2>/dev/null
