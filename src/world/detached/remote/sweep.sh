# Removes what ended operations of the same owner left: who holds the owner's lock now is the only one that is not over.
cd "$1" 2>/dev/null || exit 0
our_own=$2 our_owner=$3
for our_old in *; do
  [ "$our_old" != "$our_own" ] && [ "$(readlink "$our_old/owner")" = "$our_owner" ] || continue
  our_lives=
  for our_link in "$our_old"/*/claim "$our_old"/*/child; do
    set -- $(readlink "$our_link" 2>/dev/null)
    [ "$#" -lt 2 ] || [ "$(stamp "$1")" != "$2" ] || our_lives=yes
  done
  [ -n "$our_lives" ] || rm -rf -- "$our_old"
done
