#!/usr/bin/env bash
# Trains with N processes on this machine, as several machines do: on CPU each gets one device, on GPUs one GPU each.
#   launch/local_processes.sh N --config=configs/london.py --workdir=runs/london --data_dir=DATA
# SIGTERM or Ctrl-C stops all after the same step. The exit status is that of the process that ended first with another
# than 0: 75 means stopped with a checkpoint, and the same command goes on.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
source "$here/machine.sh"
require_count local_processes.sh processes "${1:-}"
count=$1
shift
python=${PYTHON:-python3}
gpus=$(count_gpus)
port=${PORT:-$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}

# The trap comes before the processes: a signal in between would end this script and leave them running.
pids=()
stopping=
stop() {
  stopping=yes
  kill -TERM "${pids[@]}" 2>/dev/null || true
}
trap stop INT TERM
if [ "$gpus" -gt 0 ] && [ "$gpus" -lt "$count" ]; then
  echo "local_processes.sh: this machine has $gpus GPUs, fewer than $count; training on CPU devices" >&2
fi
for ((i = 0; i < count; i++)); do
  if [ "$gpus" -ge "$count" ]; then
    export CUDA_VISIBLE_DEVICES=$i
  else
    export JAX_PLATFORMS=cpu
  fi
  "$python" "$here/train.py" "$@" --coordinator="127.0.0.1:$port" --num_processes="$count" --process_id="$i" &
  pids+=($!)
done
[ -z "$stopping" ] || stop

status=0
left=$count
while [ "$left" -gt 0 ]; do
  ended=0
  wait -n "${pids[@]}" || ended=$?
  left=$(jobs -rp | wc -l)
  # Above 128 a signal ended a process, or interrupted this wait; in the second case all are still there.
  if [ "$ended" -ne 0 ] && [ "$status" -eq 0 ] && { [ "$ended" -le 128 ] || [ "$left" -lt "$count" ]; }; then
    status=$ended
  fi
done
exit "$status"
