#!/usr/bin/env bash
# What launch/tpu_vm.sh runs on each host of a TPU slice: trains, and passes on the cloud's notice of preemption.
#   tpu_worker.sh setup WHEEL DATA      makes the environment, fetches the data
#   tpu_worker.sh train [cdaae-train flags]
# Everything lies in ~/cdaae: env/, data/, train.log, train.pid, train.status.
set -euo pipefail
home=$HOME/cdaae
metadata=${CDAAE_METADATA:-http://metadata.google.internal/computeMetadata/v1/instance}

setup() {
  local wheel=$1 data=$2
  mkdir -p "$home/data"
  # The system's Python may be older than 3.11; uv brings one.
  python3 -m pip install --quiet --user uv
  "$HOME/.local/bin/uv" venv --quiet --allow-existing --python ">=3.11" "$home/env"
  "$HOME/.local/bin/uv" pip install --quiet --python "$home/env/bin/python" "${wheel}[tpu,gcs]"
  if [ -n "$data" ]; then
    gcloud storage rsync --recursive "$data" "$home/data"
  fi
}

train() {
  if [ -e "$home/train.pid" ] && kill -0 "$(cat "$home/train.pid")" 2>/dev/null; then
    echo "tpu_worker.sh: process $(cat "$home/train.pid") is training already; stop it first" >&2
    exit 2
  fi
  rm -f "$home/train.status"
  cd "$home"
  # The trap comes before the training: a signal in between would end this script and leave it running.
  local pid='' stopping=''
  trap 'stopping=yes; [ -z "$pid" ] || kill -TERM "$pid"' TERM
  "${CDAAE_TRAIN:-$home/env/bin/cdaae-train}" --data_dir="$home/data" "$@" >>"$home/train.log" 2>&1 &
  pid=$!
  echo "$pid" >"$home/train.pid"
  [ -z "$stopping" ] || kill -TERM "$pid"
  # The request waits until the answer changes to TRUE: the machine goes away within 30 s.
  (
    while kill -0 "$pid" 2>/dev/null; do
      notice=$(curl -fs -m 60 -H 'Metadata-Flavor: Google' "$metadata/preempted?wait_for_change=true" || sleep 2)
      if [ "$notice" = TRUE ]; then
        kill -TERM "$pid"
        break
      fi
    done
  ) &
  local watcher=$! status=0
  wait "$pid" || status=$?
  while kill -0 "$pid" 2>/dev/null; do
    status=0
    wait "$pid" || status=$?
  done
  kill "$watcher" 2>/dev/null || true
  echo "$status" >"$home/train.status"
  rm -f "$home/train.pid"
  exit "$status"
}

case ${1:-} in
  setup | train) "$@" ;;
  *)
    echo "tpu_worker.sh: the first argument must be setup or train, not '${1:-}'" >&2
    exit 2
    ;;
esac
