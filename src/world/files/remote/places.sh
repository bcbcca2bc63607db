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
[ "$skip" -eq 0 ] || before=$(dd bs=65536 count="$skip" <&3 2>/dev/null | wc -l)
say $((before)) places
grep -F -a -b -n -o "$@" <&3
echo "end $?"
