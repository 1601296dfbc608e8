#!/usr/bin/env bash
# Builds the view that a run works in, then becomes bubblewrap. Started by src/sandbox/ inside a new mount namespace
# (and user namespace); everything it mounts is gone when the last process of that namespace is.
#
# Descriptor 3 brings NUL-separated pairs of name and value, so that names of any bytes get through: paths never stand
# in an argument of a mount. Descriptor 4 takes one line for each step: `at STEP`, then bubblewrap's own JSON. When a
# step fails the script ends with 125, the last `at` says which, and what the program said is on descriptor 2.
#
# When root works for a folder of somebody else the script runs twice: first as root, to open what only root may reach
# and bind it to fixed places, then as the owner in a user namespace of the owner's.
set -u
shopt -s nullglob
export LC_ALL=C
umask 022

main() {
  read_request
  close_other_descriptors
  if [[ $phase != owner ]]; then
    at tools && have_tools
    at folder && open_places
    at mount && bind_places
    if [[ -n $user ]]; then become_owner; fi
  fi
  at overlay && mount_view
  at bubblewrap && start
}

at() {
  printf 'at %s\n' "$1" >&4
}

fail() {
  printf '%s\n' "$1" >&2
  exit 125
}

read_request() {
  phase=first probe='' folder='' stage='' node='' guest='' launcher='' user='' parent=''
  readonly=() visible=() options=() command=()
  # A terminal has no descriptors but 0, 1 and 2: then the request comes in the environment, and nobody reads the steps.
  if [[ -n ${DESKHAND_REQUEST-} ]]; then
    exec 3< <(base64 -d <<<"$DESKHAND_REQUEST") 4>/dev/null
    unset DESKHAND_REQUEST
    # Ctrl-C is for the command; were bubblewrap to end by it, the command would be killed instead of asked.
    trap '' INT QUIT
  fi
  mapfile -d '' -t request <&3
  exec 3<&-
  local i value
  for ((i = 0; i + 1 < ${#request[@]}; i += 2)); do
    value=${request[i + 1]}
    case ${request[i]} in
      phase) phase=$value ;;
      probe) probe=$value ;;
      folder) folder=$value ;;
      stage) stage=$value ;;
      node) node=$value ;;
      guest) guest=$value ;;
      launcher) launcher=$value ;;
      user) user=$value ;;
      parent) parent=$value ;;
      readonly) readonly+=("$value") ;;
      visible) visible+=("$value") ;;
      option) options+=("$value") ;;
      command) command+=("$value") ;;
      *) fail "unknown field ${request[i]}" ;;
    esac
  done
}

# What the program that started us left open (a terminal's other end, say) must not be seen inside.
close_other_descriptors() {
  local path number
  for path in /proc/$BASHPID/fd/*; do
    number=${path##*/}
    if ((number > 4)) && [[ ! $path -ef ${BASH_SOURCE[0]} ]]; then eval "exec $number>&-"; fi
  done
}

have_tools() {
  local tool
  for tool in bwrap mount setpriv unshare; do
    type -P "$tool" >/dev/null || fail "$tool is not installed"
  done
}

# Opened before anything is mounted, since any of them may lie below /mnt.
open_places() {
  case $folder/ in
    /tmp/ | /var/ | /var/tmp/ | /home/ | /home/deskhand/ | /run/ | /run/deskhand/* | /usr/ | /etc/ | /proc/* | /dev/*)
      fail 'a folder at this place would cover what the sandbox itself needs'
      ;;
  esac
  if [[ -z $probe ]]; then
    exec 10<"$folder/." || fail 'the folder cannot be opened'
    exec 11<"$stage/." || fail 'the stage cannot be opened'
  fi
  exec 12<"$node" || fail 'node cannot be opened'
  exec 13<"$guest" || fail 'the guest program cannot be opened'
  exec 14<"$launcher" || fail 'the launcher cannot be opened'
}

bind_places() {
  mount -i -t tmpfs -o mode=755,size=1m tmpfs /mnt || fail 'no file system can be mounted'
  mkdir /mnt/{lower,stage,view} || fail 'no folder can be made'
  if ((${#visible[@]})); then mkdir -m 777 /mnt/visible || fail 'no folder can be made'; fi
  : >/mnt/node
  : >/mnt/guest
  : >/mnt/launcher
  # Filled in later, perhaps by the owner.
  umask 0
  : >/mnt/table
  umask 022
  # A probe works on an empty folder that is gone with it.
  if [[ -n $probe ]]; then
    mkdir /mnt/stage/{upper,work} || fail 'no folder can be made'
  else
    bind 10 lower
    bind 11 stage
  fi
  # Mounted by their own paths where these can still be reached: each mount saved is two milliseconds.
  if [[ -n $user || ! $node -ef /proc/self/fd/12 ]]; then bind 12 node && node=/mnt/node; fi
  if [[ -n $user || ! $guest -ef /proc/self/fd/13 ]]; then bind 13 guest && guest=/mnt/guest; fi
  if [[ -n $user ]]; then bind 14 launcher; fi
  printf '%s\n' 'root:x:0:0:root:/root:/usr/sbin/nologin' \
    'deskhand:x:1000:1000:deskhand:/home/deskhand:/bin/bash' \
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >/mnt/passwd
  printf '%s\n' 'root:x:0:' 'deskhand:x:1000:' 'nogroup:x:65534:' >/mnt/group
  printf '%s\n' '127.0.0.1 localhost deskhand' '::1 localhost' >/mnt/hosts
  exec 10<&- 11<&- 12<&- 13<&- 14<&-
}

bind() {
  mount -i -c --bind "/proc/self/fd/$1" "/mnt/$2" || fail "the $2 cannot be bound"
}

become_owner() {
  at owner
  exec 3< <(printf '%s\0' "${request[@]}" phase owner node "$node" guest "$guest")
  exec setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups -- \
    unshare --user --map-root-user --mount -- bash /mnt/launcher
}

# Until the last line no link is followed anywhere in the view, neither by a look (a link is nothing to -e and -d) nor by a
# mount: what is mounted inside can't be led elsewhere by somebody who swaps a name for a link at the right moment.
mount_view() {
  local places=lowerdir=/mnt/lower,upperdir=/mnt/stage/upper,workdir=/mnt/stage/work
  mount -i -t overlay -o "nosymfollow,userxattr,index=off,$places" overlay /mnt/view || fail 'no overlay can be mounted'
  cd /mnt/view || fail 'the view cannot be entered'
  local table=''
  show_parts
  protect_names
  if [[ -n $table ]]; then mount_table; fi
  mount -i -c -o remount,bind,symfollow /mnt/view || fail 'the view cannot be finished'
  cd /
}

# deskhand's own folder is covered where it exists; where not, a mount would leave a ghost of it in the upper layer.
# Parts of it that are to be seen are set aside first and laid on top.
show_parts() {
  if [[ ! -d .deskhand ]]; then return; fi
  local name number=0
  for name in ${visible[@]+"${visible[@]}"}; do
    if [[ -d ./$name ]]; then
      mkdir "/mnt/visible/$number" || fail 'a part of .deskhand cannot be shown'
      mount -i -c -o bind,ro "./$name" "/mnt/visible/$number" || fail 'a part of .deskhand cannot be shown'
    fi
    number=$((number + 1))
  done
  mount -i -c -t tmpfs -o mode=755,size=1m tmpfs ./.deskhand || fail '.deskhand cannot be hidden'
  number=0
  for name in ${visible[@]+"${visible[@]}"}; do
    if [[ -d /mnt/visible/$number ]]; then
      mkdir -p "./$name" || fail 'a part of .deskhand cannot be shown'
      add_to_table "/mnt/visible/$number" "/mnt/view/$name" bind
    fi
    number=$((number + 1))
  done
  add_to_table none /mnt/view/.deskhand remount,bind,ro
}

protect_names() {
  local name
  for name in ${readonly[@]+"${readonly[@]}"}; do
    if [[ -e ./$name ]]; then add_to_table "/mnt/view/$name" "/mnt/view/$name" bind,ro; fi
  done
}

# One program for all of them; white space in a name is written as the table of mounts wants it.
add_to_table() {
  local word line=''
  for word in "$1" "$2"; do
    word=${word//\\/\\134}
    word=${word// /\\040}
    word=${word//$'\t'/\\011}
    word=${word//$'\n'/\\012}
    line+="$word "
  done
  table+="${line}none $3 0 0"$'\n'
}

mount_table() {
  printf '%s' "$table" >/mnt/table
  mount -i -c -a -T /mnt/table || fail 'a control file cannot be made read-only'
}

start() {
  local system=()
  add_system
  add_etc
  add_proc
  # Whoever started us may be gone by now; bubblewrap only notices a parent that dies later.
  if [[ -n $parent && $PPID != "$parent" ]]; then exit 125; fi
  exec 10>&4 4>&-
  # -c: without the environment that we were started with, which would stand in /proc/1/environ inside.
  exec -c bwrap --json-status-fd 10 "${system[@]}" \
    --ro-bind /mnt/passwd /etc/passwd --ro-bind /mnt/group /etc/group --ro-bind /mnt/hosts /etc/hosts \
    --ro-bind "$node" /run/deskhand/bin/node --ro-bind "$guest" /run/deskhand/guest.mjs \
    --perms 0700 --tmpfs /run/deskhand/shell --perms 1777 --tmpfs /tmp --perms 1777 --tmpfs /var/tmp --perms 0700 --tmpfs /home/deskhand \
    --bind /mnt/view "$folder" --remount-ro / --chdir "$folder" \
    "${options[@]}" -- "${command[@]}"
}

# Programs and libraries, laid out as they are on this machine.
add_system() {
  local path
  system+=(--ro-bind /usr /usr)
  for path in /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [[ -L $path && $path -ef /usr$path ]]; then
      system+=(--symlink "usr$path" "$path")
    elif [[ -d $path ]]; then
      system+=(--ro-bind "$path" "$path")
    fi
  done
}

# Only what programs need to run: no accounts, keys, machine's name or settings of services.
add_etc() {
  local path
  for path in /etc/{ld.so.cache,ld.so.conf,ld.so.conf.d,alternatives,localtime,timezone,nsswitch.conf,protocols} \
    /etc/{services,os-release,debian_version,locale.alias,mime.types,magic,magic.mime,inputrc,papersize} \
    /etc/{ssl/certs,ssl/openssl.cnf,ca-certificates,ca-certificates.conf,pki/ca-trust,pki/tls/certs,crypto-policies} \
    /etc/{fonts,perl,texmf,ghostscript,R,libreoffice} /etc/python3* /etc/java-* /etc/ImageMagick-*; do
    if [[ -e $path ]]; then system+=(--ro-bind "$path" "$path"); fi
  done
}

# bubblewrap leaves these as the kernel made them, and where the folder is root's the guest is the machine's root to
# the kernel: it could set core_pattern or interrupts, though it has no capability.
add_proc() {
  local path
  system+=(--proc /proc --dev /dev --perms 1777 --tmpfs /dev/shm --remount-ro /dev)
  for path in /proc/{sys,irq,bus,fs,pressure,sysrq-trigger,mtrr}; do
    if [[ -e $path ]]; then system+=(--ro-bind "$path" "$path"); fi
  done
  for path in /proc/{acpi,scsi,asound}; do
    if [[ -d $path ]]; then system+=(--tmpfs "$path" --remount-ro "$path"); fi
  done
  # Those that are root's alone need no cover for anybody else.
  for path in /proc/{kcore,keys,key-users,kmsg,kpagecount,kpageflags,kpagecgroup,latency_stats,sched_debug,slabinfo} \
    /proc/{timer_list,timer_stats,vmallocinfo,pagetypeinfo,allocinfo}; do
    if [[ -r $path ]]; then system+=(--ro-bind /dev/null "$path"); fi
  done
}

main
