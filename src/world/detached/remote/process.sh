# When a living process began, as the kernel tells it, or else ps; nothing for one that has ended, zombies included.
stamp() {
  if [ -r /proc/self/stat ]; then
    { IFS= read -r our_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # The name in parentheses may hold anything; behind it stand the fields from the third on (proc(5)).
    set -f -- ${our_stat##*) }
    case $1 in Z | X | x) return 0 ;; esac
    shift 19
    echo "$1"
  else
    case $(ps -o state= -p "$1" 2>/dev/null) in '' | Z*) return 0 ;; esac
    TZ=UTC0 ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' _
  fi
}
# The process group of a process.
group_of() {
  if [ -r /proc/self/stat ]; then
    { IFS= read -r our_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    set -f -- ${our_stat##*) }
    echo "$3"
  else
    ps -o pgid= -p "$1" 2>/dev/null | tr -d ' '
  fi
}
# Which boot this is, and which world of process ids we are in.
here() {
  our_boot=
  { IFS= read -r our_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || :
  our_space=$(readlink /proc/self/ns/pid 2>/dev/null | tr -dc 0-9)
  echo "${our_boot:-unknown}:${our_space:-unknown}"
}
state() { our_state=$1 our_pgrp=$3 our_session=$4; }
# Who lives in a group, and in the session that is called as it is: each with its own group behind it. Only the kernel tells.
members() {
  { read -r our_self our_stat </proc/self/stat; } 2>/dev/null || return 0
  for our_entry in /proc/[0-9]*/stat; do
    { IFS= read -r our_stat <"$our_entry"; } 2>/dev/null || continue
    case ${our_stat%% *} in $$ | "$our_self") continue ;; esac
    state ${our_stat##*) }
    case $our_state in Z | X | x) continue ;; esac
    case $1 in "$our_pgrp" | "$our_session") echo "${our_stat%% *} $our_pgrp" ;; esac
  done
}
