# The content from block $1 of 64 KiB on; with "packed" compressed when the host can, and when it is worth it.
before=0 form=plain
[ "$1" -eq 0 ] || before=$(dd bs=65536 count="$1" <&3 2>/dev/null | wc -l)
if [ "$2" = packed ] && [ "${facts%% *}" -gt 1048576 ] 2>/dev/null; then
  if command -v zstd >/dev/null; then form=zstd; elif command -v gzip >/dev/null; then form=gzip; fi
fi
say $((before)) $form
case $form in
  zstd) exec zstd -q -1 -c <&3 ;;
  gzip) exec gzip -1 -c <&3 ;;
  *) exec cat <&3 ;;
esac
