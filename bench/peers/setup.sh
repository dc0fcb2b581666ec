#!/usr/bin/env bash
# usage: setup.sh
# Everything that zoo is put beside, below target/peers: candle is compiled for this processor, as its authors advise; PyTorch, transformers
# and ONNX Runtime are installed into an environment of their own. On Linux PyTorch brings some gigabytes of NVIDIA's libraries.
# A peer that cannot be had is told, and the benchmark leaves it out.
set -uo pipefail
cd "$(dirname "$0")"
place=$(realpath -m ../../target/peers)
missing=0

RUSTFLAGS="-C target-cpu=native" cargo build --release --locked --manifest-path candle/Cargo.toml --target-dir "$place" || {
  echo "candle could not be built, and is left out" >&2
  missing=1
}
{ python3 -m venv "$place/venv" && "$place/venv/bin/pip" install --disable-pip-version-check --requirement requirements.txt; } || {
  echo "PyTorch and ONNX Runtime could not be installed, and are left out" >&2
  missing=1
}
exit "$missing"
