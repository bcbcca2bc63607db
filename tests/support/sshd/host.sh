# The first process of a shared host: builds its file system over the machine's, starts sshd, and waits for the end of its input.
# Nothing of it is seen outside of its mount namespace, and all its processes end with it.
set -eu
read -r pid _ </proc/self/stat
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 host "$FIXTURE/host"
cd "$FIXTURE/host"
mkdir upper work merged
mount -t overlay -o "lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work" host merged
cd merged
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p run/sshd etc/fixture/bin etc/fixture/sbin

# Who is there. The rehearsal user reads what the group may read.
printf 'web1:x:61001:61001::%s:/bin/%s\nrehearsal:x:61002:61001::/:/bin/%s\n' "$ROOT" "$SHELL_NAME" "$SHELL_NAME" >>etc/passwd
printf 'web1:x:61001:\n' >>etc/group
printf 'web1:*:20000:0:99999:7:::\nrehearsal:*:20000:0:99999:7:::\n' >>etc/shadow
mkdir -p ".$ROOT"
[ -z "$DISK" ] || mount -t tmpfs -o "size=$DISK" web ".$ROOT"
chown 61001:61001 ".$ROOT"
chmod 750 ".$ROOT"

# What is there.
for directory in usr/bin usr/sbin usr/local/bin usr/local/sbin bin sbin; do
  (cd "$directory" && rm -f -- $HIDDEN)
done
if [ -n "$BUSYBOX" ]; then
  busybox --install -s "$PWD/etc/fixture/bin"
  cp --remove-destination "$(command -v busybox)" etc/fixture/bin/busybox
  (cd etc/fixture/bin && rm -f -- $HIDDEN)
  cp usr/sbin/sshd etc/fixture/sbin/sshd
  mount --bind etc/fixture/bin usr/bin
  mount --bind etc/fixture/sbin usr/sbin
  for directory in bin sbin usr/local/bin usr/local/sbin; do
    [ -L "$directory" ] || mount --bind "etc/fixture/${directory##*/}" "$directory"
  done
fi

cp -R "$FIXTURE/etc/." etc/fixture/
[ -z "$NETWORK" ] || ip link set lo up
[ -z "$LISTENS" ] || chroot . /usr/sbin/sshd -f /etc/fixture/sshd_config -E /etc/fixture/log
echo "$pid"
# Children that lose their parent are this shell's, which reaps them.
while read -r _; do :; done
