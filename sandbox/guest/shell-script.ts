/**
 * The program of the lasting shell. For each request it forks: the fork is the leader of a process group of its own,
 * runs the command and writes down what it left behind (working directory, variables, functions); the lasting shell
 * then takes that over. So a command can be ended with all its processes, can `exit`, `exec` or fail under `set -e`,
 * and the next one still goes on from where the last whole one stopped. A fork costs half a millisecond, a new bash
 * three.
 *
 * $1: folder for the shell's files. $2: state to begin with, or empty. Requests on descriptor 0, NUL after each:
 * `ID MODE FIFO`. Reports on descriptor 3, NUL after each: `pid ID PID`, `done ID STATUS SAVED`.
 */
export const shellScript = String.raw`
set -m
ulimit -c 0
__dh_dir=$1
__dh_state=$2
__dh_id= __dh_mode= __dh_fifo= __dh_status=0 __dh_done=0 __dh_saved=0 __dh_known= __dh_last= __dh_name=
__dh_names=() __dh_text=()

# Variables that are bash's own or ours.
__dh_skip=$'@(__dh_*|_|BASH|BASH_*|BASHOPTS|BASHPID|COMP_*|DIRSTACK|EPOCH*|EUID|FUNCNAME|GROUPS|HIST*|HOSTTYPE|IFS|LINENO'
__dh_skip+=$'|MACHTYPE|OPTARG|OPTERR|OPTIND|OSTYPE|PIPESTATUS|PPID|PS4|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID)\n'

# Names of all other variables. Picking them out takes longest, so it is done only when there are others than before.
__dh_collect='
  builtin compgen -v >"$__dh_dir/names"
  builtin mapfile -d "" __dh_text <"$__dh_dir/names"
  if [[ \${__dh_text[0]-} != "$__dh_known" ]]; then
    __dh_known=\${__dh_text[0]-}
    builtin shopt -s extglob
    builtin mapfile __dh_names <"$__dh_dir/names"
    __dh_names=(\${__dh_names[@]/#$__dh_skip/})
  fi'

__dh_save='
  { set +exuvf; set +o posix; builtin shopt -u nullglob failglob; } 2>/dev/null
  builtin trap - DEBUG ERR RETURN
  IFS=$'"' \\t\\n'"'
  {
    builtin printf "builtin cd -- %q\n" "$PWD"
    builtin eval "$__dh_collect"
    if ((\${#__dh_names[@]})); then builtin declare -p "\${__dh_names[@]}"; fi
    builtin declare -f
    builtin declare -F
    builtin printf "#whole\n"
  } >"$__dh_dir/state-$__dh_id" 2>/dev/null'

# What the last command left, unless it left all as it was.
__dh_load='
  builtin mapfile -d "" -t __dh_text <"$__dh_state"
  if [[ \${__dh_text[0]-} == *"#whole"$'"'\\n'"' ]]; then
    __dh_saved=1
    if [[ \${__dh_text[0]} != "$__dh_last" ]]; then
      __dh_last=\${__dh_text[0]}
      if ((\${#__dh_names[@]})); then builtin unset -v "\${__dh_names[@]}"; fi
      builtin declare -F >"$__dh_dir/functions"
      builtin mapfile -t __dh_text <"$__dh_dir/functions"
      for __dh_name in "\${__dh_text[@]}"; do builtin unset -f "\${__dh_name##* }"; done
      builtin source "$__dh_state"
      builtin eval "$__dh_collect"
    fi
  fi'

# The environment comes from the parent's own as bytes: Node would spoil what is no UTF-8.
builtin mapfile -d "" -t __dh_text <"/proc/$PPID/environ"
for __dh_name in "\${__dh_text[@]}"; do builtin export "$__dh_name"; done

builtin eval "$__dh_collect"
if [[ -n $__dh_state ]]; then builtin eval "$__dh_load"; fi
set --

while IFS=' ' builtin read -r -d '' __dh_id __dh_mode __dh_fifo; do
  __dh_saved=0
  if [[ $__dh_mode == background ]]; then
    (
      exec </dev/null >"$__dh_fifo" 2>&1
      builtin printf 'pid %s %s\0' "$__dh_id" "$BASHPID" >&3
      exec 3>&-
      builtin trap 'builtin printf "\n[ended with exit code %s]\n" "$?"' EXIT
      builtin source "$__dh_dir/command-$__dh_id"
    ) &
    builtin printf 'done %s 0 0\0' "$__dh_id" >&3
    continue
  fi
  (
    exec </dev/null >"$__dh_fifo" 2>&1
    builtin printf 'pid %s %s\0' "$__dh_id" "$BASHPID" >&3
    exec 3>&-
    __dh_done=0
    builtin trap '__dh_status=$?; unset -f builtin; if ((!__dh_done)); then builtin eval "$__dh_save"; fi; builtin exit $__dh_status' EXIT
    builtin source "$__dh_dir/command-$__dh_id"
    __dh_status=$? __dh_done=1
    unset -f builtin
    builtin eval "$__dh_save"
    builtin exit $__dh_status
  )
  __dh_status=$?
  __dh_state=$__dh_dir/state-$__dh_id
  builtin eval "$__dh_load"
  builtin printf 'done %s %s %s\0' "$__dh_id" "$__dh_status" "$__dh_saved" >&3
done
`.replaceAll('\\${', '${');
