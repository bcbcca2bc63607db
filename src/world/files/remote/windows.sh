# Windows of the file, in blocks of 16 KiB: each line of the input tells how many to pass over and how many to give.
say 0 windows
while read -r gap count; do
  dd bs=16384 skip="$gap" count="$count" <&3 2>/dev/null
done
exit 0
