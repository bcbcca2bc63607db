# Says what is known of a run, how long its log is, and then the log from an offset on, at most so many bytes.
our_run=$1 our_offset=$2 our_most=$3
if ! cd "$our_run" 2>/dev/null; then
  [ ! -e "$our_run" ] && [ ! -h "$our_run" ] || exit 1
  echo absent
  echo 0
  exit 0
fi
if [ -h rc ]; then
  our_state="exited $(readlink rc)"
elif [ ! -h claim ]; then
  our_state=absent
else
  set -- $(readlink claim)
  our_here=$(here)
  if [ "${4%:*}" != "${our_here%:*}" ]; then
    our_state=lost
  elif [ "${4#*:}" != "${our_here#*:}" ]; then
    # From here its processes cannot be seen.
    our_state=running
  elif [ "$(stamp "$1")" = "$2" ]; then
    our_state=running
  elif [ -h rc ]; then
    our_state="exited $(readlink rc)"
  else
    our_state=lost
    set -- $(readlink child 2>/dev/null)
    [ "$#" != 2 ] || [ "$(stamp "$1")" != "$2" ] || our_state=orphaned
  fi
fi
echo "$our_state"
set -- $(ls -ln log 2>/dev/null)
echo "${5:-0}"
[ "$our_most" = 0 ] || [ "${5:-0}" -le "$our_offset" ] || tail -c "+$((our_offset + 1))" log | head -c "$our_most"
