#!/usr/bin/env bash
# What launch/tpu_vm.sh runs on each host of a TPU slice: trains, and passes on the cloud's notice of preemption.
#   tpu_worker.sh setup WHEEL BUCKET DATA      makes the environment, mounts the bucket, fetches the data
#   tpu_worker.sh train BUCKET [cdaae-train flags]
# Everything lies in ~/cdaae: env/, bucket/ (the mounted bucket), data/, train.log, train.pid, train.status.
set -euo pipefail
home=$HOME/cdaae
metadata=${CDAAE_METADATA:-http://metadata.google.internal/computeMetadata/v1/instance}

mount_bucket() {
  mkdir -p "$home/bucket"
  # A bucket with a hierarchical namespace renames a folder as one act, so a checkpoint appears whole or not at all.
  mountpoint -q "$home/bucket" || gcsfuse --implicit-dirs "${1#gs://}" "$home/bucket"
}

setup() {
  local wheel=$1 bucket=$2 data=$3
  mkdir -p "$home/data"
  if ! command -v gcsfuse >/dev/null; then
    release=gcsfuse-$(lsb_release -cs)
    curl -fsSL https://packages.cloud.google.com/apt/doc/apt-key.gpg | sudo tee /usr/share/keyrings/cloud.asc >/dev/null
    echo "deb [signed-by=/usr/share/keyrings/cloud.asc] https://packages.cloud.google.com/apt $release main" |
      sudo tee /etc/apt/sources.list.d/gcsfuse.list >/dev/null
    sudo apt-get -qq update
    sudo apt-get -qq install -y gcsfuse
  fi
  # The system's Python may be older than 3.11; uv brings one.
  python3 -m pip install --quiet --user uv
  "$HOME/.local/bin/uv" venv --quiet --allow-existing --python ">=3.11" "$home/env"
  "$HOME/.local/bin/uv" pip install --quiet --python "$home/env/bin/python" "${wheel}[tpu]"
  mount_bucket "$bucket"
  if [ -n "$data" ]; then
    gcloud storage rsync --recursive "$data" "$home/data"
  fi
}

train() {
  mount_bucket "$1"
  shift
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
