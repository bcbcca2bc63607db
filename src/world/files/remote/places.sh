# From block $2 of 64 KiB on, where the words stand that the other arguments name, with line numbers and offsets. A file of at
# most $1 bytes instead, as it is. How grep ended is the last line. Without words only what is known of the file.
small=$1 skip=$2 before=0
shift 2
if [ "${facts%% *}" -le "$small" ] 2>/dev/null; then
  say 0 plain
  exec cat <&3
fi
zeros=$(dd bs=65536 count=1 2>/dev/null <"./$name" | tr -cd '\000' | wc -c)
if [ $((zeros)) -gt 0 ]; then
  say 0 binary
  exit 0
fi
if [ $# -eq 0 ]; then
  say 0 known
  exit 0
fi
look() {
  grep -F -a -b -n -o "$@"
  echo "end $?"
}
# All of a large file where there are two processors: both parts at once.
if [ "$skip" -eq 0 ] && [ "${facts%% *}" -ge 8388608 ] 2>/dev/null && [ -r /proc/self/fd/3 ] &&
  [ "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null)" -gt 1 ] 2>/dev/null; then
  # The first part goes through a pipe, which costs as much again as reading it, so it is the smaller one. It reaches one block into
  # the second, so that no word is missed between them, and an escape character behind it tells its number of lines.
  part=$((${facts%% *} / 65536 * 7 / 20))
  both=$(dd bs=65536 skip="$part" count=1 2>/dev/null </proc/self/fd/3 | wc -l)
  say $((both)) parts
  { dd bs=65536 skip="$part" count=0 2>/dev/null && look "$@"; } </proc/self/fd/3 | {
    { dd bs=65536 count=$((part + 1)) 2>/dev/null <&3 && printf '\n\033\n'; } | look "$@"
    cat
  }
  exit 0
fi
[ "$skip" -eq 0 ] || before=$(dd bs=65536 count="$skip" <&3 2>/dev/null | wc -l)
say $((before)) places
look "$@" <&3
