# Opens the file $2 below the directory $1 as descriptor 3, and leaves the rest of the arguments. Each part of the way is entered
# before it is looked at: where we are cannot be swapped any more, and must be where the names say.
cd -P -- "$1" 2>/dev/null || exit 40
here=$(pwd -P) name=$2
shift 2
while [ "$name" != "${name#*/}" ]; do
  part=${name%%/*} name=${name#*/}
  [ -x . ] || exit 45
  [ ! -L "./$part" ] || exit 42
  [ -e "./$part" ] || exit 41
  [ -d "./$part" ] || exit 43
  cd -P -- "./$part" 2>/dev/null || exit 45
  here=$here/$part
  [ "$(pwd -P)" = "$here" ] || exit 42
done
[ -x . ] || exit 45
[ ! -L "./$name" ] || exit 42
[ -e "./$name" ] || exit 41
[ -f "./$name" ] || exit 44
[ -r "./$name" ] || exit 45
exec 3<"./$name"
# What was opened is what was looked at.
if [ -e /proc/self/fd/3 ] && command -v readlink >/dev/null; then
  [ -f /proc/self/fd/3 ] && [ "$(readlink /proc/self/fd/3)" = "$here/$name" ] || exit 46
else
  [ ! -L "./$name" ] && [ -f "./$name" ] || exit 46
fi
fifth() { echo "${5:--} -"; }
facts=$(stat -c '%s %Y' -- "./$name" 2>/dev/null || stat -f '%z %m' -- "./$name" 2>/dev/null ||
  fifth $(ls -ldn -- "./$name" 2>/dev/null))
# The numbers, how many line ends stand before what follows, and its form.
say() { printf 'deploy-ops %s %s %s\n' "$facts" "$1" "$2"; }
