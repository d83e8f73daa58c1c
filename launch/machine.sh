# shellcheck shell=bash
# What the launchers of this folder ask of a machine; to be sourced.

# require_count SCRIPT WHAT NUMBER: ends with status 2 unless NUMBER counts something.
require_count() {
  if ! [[ "$3" =~ ^[1-9][0-9]*$ ]]; then
    echo "$1: the first argument must be a number of $2: launch/$1 4 --config=..." >&2
    exit 2
  fi
}

# count_gpus: prints how many GPUs this machine has.
count_gpus() {
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=index --format=csv,noheader | wc -l
  else
    echo 0
  fi
}
