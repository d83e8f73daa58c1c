#!/usr/bin/env bash
# Trains on N devices of this machine: its GPUs where there are enough, else N CPU devices that share the cores.
#   launch/local_devices.sh N --config=configs/london.py --workdir=runs/london --data_dir=DATA
# The batch is split over the devices; the result is that of one device with the whole batch, up to rounding.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
source "$here/machine.sh"
require_count local_devices.sh devices "${1:-}"
devices=$1
shift
python=${PYTHON:-python3}

gpus=$(count_gpus)
if [ "$gpus" -ge "$devices" ]; then
  CUDA_VISIBLE_DEVICES=$(seq -s, 0 $((devices - 1)))
  export CUDA_VISIBLE_DEVICES
else
  if [ "$gpus" -gt 0 ]; then
    echo "local_devices.sh: this machine has $gpus GPUs, fewer than $devices; training on CPU devices" >&2
  fi
  export JAX_PLATFORMS=cpu JAX_NUM_CPU_DEVICES="$devices"
fi
exec "$python" "$here/train.py" "$@" --config.run.num_devices="$devices"
