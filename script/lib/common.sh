# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts read step_ok and started_in
# Sourced by the scripts one folder up: the project's folder, their --help, builds, timed steps.
set -euo pipefail
self=$(realpath "$0")
started_in=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The comment at the head of a script is its --help.
help_asked() {
  [[ ${1-} == -h || ${1-} == --help ]] || return 1
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$self" | sed '/^shellcheck /d'
}

# step NAME COMMAND…: prints one line with the time it took; what COMMAND printed is shown only
# when it failed, but for lines that start with "note: ". Never fails itself: see step_ok.
step_ok=1
steps_passed=0
steps_failed=0
step() {
  local name=$1 log begin=$SECONDS status
  shift
  log=$(mktemp)
  # Called as a plain command, or else strict mode would be off inside COMMAND.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status == 0)); then
    step_ok=1
    steps_passed=$((steps_passed + 1))
    sed -n 's/^note: /      /p' "$log"
    printf 'ok    %-14s %4d s\n' "$name" $((SECONDS - begin))
  else
    step_ok=
    steps_failed=$((steps_failed + 1))
    tail -n "${STEP_LINES:-100}" "$log"
    printf 'FAIL  %-14s %4d s\n' "$name" $((SECONDS - begin))
  fi
  rm -f "$log"
}

# What the script removes when it ends.
left_behind=()
trap 'rm -rf "${left_behind[@]}" || true' EXIT

# Tests make and remove thousands of small files, which may take a disk longer than all else that
# they do: where there is room, of memory too, temporary files are there.
temporary_files_in_memory() {
  local room memory options
  [[ -z ${TMPDIR-} ]] || return 0
  room=$(df --output=avail --block-size=1M /dev/shm 2>/dev/null | tail -n 1) || return 0
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo) || return 0
  options=$(findmnt --noheadings --output OPTIONS --target /dev/shm) || return 0
  ((room >= 4096 && memory >= 8192)) && [[ $options != *noexec* ]] || return 0
  TMPDIR=$(mktemp --directory /dev/shm/agentauth-XXXX) || return 0
  left_behind+=("$TMPDIR")
  chmod 755 "$TMPDIR"  # PostgreSQL runs as another user
  export TMPDIR
}

# build PRESET [TARGET…]
build() {
  local preset=$1 targets=() quiet=()
  shift
  (($# == 0)) || targets=(--target "$@")
  [[ -t 1 ]] || quiet=(-- --quiet)
  # Ninja runs CMake again by itself when a CMake file changes.
  [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" "${targets[@]}" "${quiet[@]}"
}

cpp_files() {
  find src tests bench web -type f \( -name '*.cc' -o -name '*.h' \) -not -path '*/node_modules/*' |
    sort
}
