# Sourced by the test drivers (tests/interop/run, tests/autobahn/run).
#
# Two things they share: child processes that never outlive the script, and the two example programs
# under test. The programs are commands in ECHO_SERVER and ECHO_CLIENT, which use_examples fills in
# unless the environment names others with the same command line.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repo/target}
case $target in /*) ;; *) target=$repo/$target ;; esac

die() { echo "error: $*" >&2; exit 2; }

# --- child processes ---------------------------------------------------------------------------------
# Each child leads a process group of its own, so that stopping it stops what it started, too.

children=()

# start LOG COMMAND...   in the background, output to LOG; its process id is left in $started.
start() {
  local log=$1; shift
  : >"$log" # before anybody looks there for its first line, and finds that of a run before
  setsid "$@" >"$log" 2>&1 </dev/null &
  started=$!
  children+=("$started")
}

# finish SECONDS LOG COMMAND...   runs to the end and returns its status; 124 when it took too long.
# (`wait` and not a foreground command: a signal to the script is then handled at once.)
finish() {
  local seconds=$1 log=$2; shift 2
  start "$log" timeout --kill-after=10 "$seconds" "$@"
  wait "$started"
}

stop() {
  local pid=$1
  kill -TERM -- "-$pid" 2>/dev/null || return 0
  for _ in {1..30}; do
    kill -0 -- "-$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
}

stop_all() {
  local pid
  for pid in ${children[@]+"${children[@]}"}; do stop "$pid"; done
  children=()
}

trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# await PID SECONDS COMMAND...   until COMMAND succeeds; fails when PID has ended or time is up.
await() {
  local pid=$1 until=$((SECONDS + $2)); shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || return 1
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- the programs under test -------------------------------------------------------------------------

use_examples() { # NAME...   (echo_server, echo_client)
  local name variable build=()
  for name in "$@"; do
    variable=${name^^}
    [[ -z ${!variable:-} ]] || continue
    build+=(--example "$name")
    printf -v "$variable" '%s' "$target/release/examples/$name"
  done
  ((${#build[@]})) || return 0
  (cd "$repo" && cargo build --release --quiet --locked --features "${FEATURES:-getrandom}" "${build[@]}") \
    || die "the examples do not build"
}

# start_echo_server LOG FLAG...   on a port the system chooses; its URL is left in $server_url.
start_echo_server() {
  local log=$1; shift
  # shellcheck disable=SC2086  # a command with arguments
  start "$log" $ECHO_SERVER --port 0 "$@"
  await "$started" 20 grep -q '^listening on ws://' "$log" || { cat "$log" >&2; die "echo_server did not start"; }
  server_url=$(sed -n 's/^listening on \(ws:[^ ]*\).*/\1/p' "$log" | head -n 1)
}
