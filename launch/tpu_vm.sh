#!/usr/bin/env bash
# Trains on a Cloud TPU slice. Prints the commands that it would run; with --go it runs them.
#   launch/tpu_vm.sh ACTION --name=NAME --zone=ZONE --bucket=gs://BUCKET [options] [--go] [-- flags of cdaae-train]
#
#   create   a slice of spot machines          setup    environment, bucket and data on every host
#   train    starts training on every host     logs     the last lines of the first host
#   status   of the slice and of the training  stop     saves, then stops (status 75)
#   delete   the slice; the bucket stays       keep     create, setup, train, and again after each preemption, to the end
#
#   --type=v5litepod-8   --version=v2-alpha-tpuv5-lite   --on-demand   not on spot machines
#   --wheel=dist/cdaae_jax-VERSION-py3-none-any.whl   made with: python -m pip wheel --no-deps -w dist .
#   --config=configs/london.py    --data=gs://BUCKET/data    --run=london    the folder in the bucket
# docs/running_on_tpu.md goes through all of it.
# shellcheck disable=SC2016  # the hosts expand $HOME and $(...), not this machine
set -euo pipefail

fail() {
  echo "tpu_vm.sh: $*" >&2
  exit 2
}

action=${1:-}
case $action in
  create | setup | train | logs | status | stop | delete | keep) shift ;;
  *) fail "the first argument must be create, setup, train, logs, status, stop, delete or keep, not '$action'" ;;
esac
name='' zone='' bucket='' type=v5litepod-8 version=v2-alpha-tpuv5-lite wheel='' config='' data='' run=run go='' spot=--spot
while [ $# -gt 0 ]; do
  case $1 in
    --name=*) name=${1#*=} ;;
    --zone=*) zone=${1#*=} ;;
    --bucket=*) bucket=${1#*=} ;;
    --type=*) type=${1#*=} ;;
    --version=*) version=${1#*=} ;;
    --wheel=*) wheel=${1#*=} ;;
    --config=*) config=${1#*=} ;;
    --data=*) data=${1#*=} ;;
    --run=*) run=${1#*=} ;;
    --on-demand) spot='' ;;
    --go) go=yes ;;
    --) shift && break ;;
    *) fail "there is no option $1; flags of cdaae-train come after --" ;;
  esac
  shift
done
[ -n "$name" ] || fail "--name is missing; choose a name for the slice"
[ -n "$zone" ] || fail "--zone is missing; write for example --zone=us-west4-a"
needs() { [ -n "${!1}" ] || fail "$action needs --$1"; }
case $action in
  setup | keep) needs bucket && needs wheel && needs config ;;&
  train | keep) needs bucket && needs config ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
say_or_do() {
  if [ -n "$go" ]; then
    "$@"
  else
    printf '%q ' "$@"
    echo
  fi
}
tpu() { say_or_do gcloud compute tpus tpu-vm "$@" --zone="$zone"; }
on_hosts() { tpu ssh "$name" --worker="$1" --command="$2"; }

create() { tpu create "$name" --accelerator-type="$type" --version="$version" ${spot:+"$spot"}; }
setup() {
  on_hosts all 'mkdir -p cdaae'
  tpu scp "$wheel" "$config" "$here/tpu_worker.sh" "$name:cdaae/" --worker=all
  on_hosts all "$(printf 'bash cdaae/tpu_worker.sh setup "$HOME"/cdaae/%q %q' "$(basename "$wheel")" "$data")"
}
train() {
  local flags=''
  [ $# -eq 0 ] || flags=$(printf ' %q' "$@")
  on_hosts all "$(printf 'nohup setsid bash cdaae/tpu_worker.sh train --config="$HOME"/cdaae/%q --workdir=%q' \
    "$(basename "$config")" "$bucket/$run")$flags >/dev/null 2>&1 </dev/null &"
}
logs() { on_hosts 0 'tail -n 50 cdaae/train.log'; }
status() {
  tpu describe "$name" --format='value(state)'
  on_hosts 0 'cat cdaae/train.status 2>/dev/null || { test -e cdaae/train.pid && echo training || echo not started; }'
}
stop() { on_hosts all 'test ! -e cdaae/train.pid || kill -TERM "$(cat cdaae/train.pid)"'; }
delete() { tpu delete "$name" --quiet; }

keep() {
  if [ -z "$go" ]; then
    create && setup && train "$@"
    echo "# then every minute, until the training's status is 0: if the slice is gone, delete, create, setup, train"
    return
  fi
  local state ended
  while true; do
    state=$(gcloud compute tpus tpu-vm describe "$name" --zone="$zone" --format='value(state)' 2>/dev/null || echo NONE)
    ended=''
    if [ "$state" = READY ]; then
      ended=$(gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=0 \
        --command='cat cdaae/train.status 2>/dev/null || { test -e cdaae/train.pid && echo training || echo 75; }') || ended=unreachable
    fi
    case $state/$ended in
      */0) return 0 ;;
      READY/training | READY/unreachable | CREATING/* | STARTING/* | RESTARTING/* | REPAIRING/*) ;;
      READY/1 | READY/2) fail "the training failed with status $ended; see: launch/tpu_vm.sh logs --name=$name --zone=$zone --go" ;;
      READY/*) setup && train "$@" ;;
      *)
        [ "$state" = NONE ] || delete || true
        create && setup && train "$@" || echo "tpu_vm.sh: no slice for now; trying again" >&2
        ;;
    esac
    sleep "${CDAAE_LOOK_EVERY:-60}"
  done
}

"$action" "$@"
