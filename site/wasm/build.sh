#!/usr/bin/env bash
# Builds the module that runs zoo's families in a reader's page: target/wasm/zoo.wasm, where `zoo publish` finds it.
set -euo pipefail
cd "$(dirname "$0")"

target=../../target/wasm
rustup target add wasm32-unknown-unknown
cargo build --release --locked --target-dir "$target"
cp "$target/wasm32-unknown-unknown/release/zoo_wasm.wasm" "$target/zoo.wasm"
printf '%s bytes, %s packed\n' "$(wc -c < "$target/zoo.wasm")" "$(gzip -9 < "$target/zoo.wasm" | wc -c)"
