# Ends all processes of a run, if those that it began with still live, and says whether any is left.
cd "$1" 2>/dev/null || exit 1
set -- $(readlink claim) $(readlink child 2>/dev/null)
[ "$#" -ge 4 ] || exit 1
if [ "$(here)" != "$4" ]; then
  echo unseen
  exit 0
fi
living() { [ -n "$1" ] && [ "$(stamp "$1")" = "$2" ]; }
# Waits so many seconds for the end of whatever lives.
wait_for_end() {
  our_left=$1
  shift
  while [ "$our_left" -gt 0 ] && { living "$1" "$2" || living "${5-}" "${6-}"; }; do
    sleep 1
    our_left=$((our_left - 1))
  done
}
if living "$1" "$2" || living "${5-}" "${6-}"; then
  ln -s timeout over 2>/dev/null
  kill -TERM "-$3"
  wait_for_end 10 "$@"
  # First the script alone: who runs it can then say how it ended.
  ! living "${5-}" "${6-}" || kill -KILL "$5"
  wait_for_end 3 "$@"
  ! { living "$1" "$2" || living "${5-}" "${6-}"; } || kill -KILL "-$3"
  wait_for_end 3 "$@"
fi 2>/dev/null
if living "$1" "$2" || living "${5-}" "${6-}"; then echo left; else echo ended; fi
