#!/usr/bin/env bash
# usage: reproducible.sh ZOO CATALOG
# Builds the site of a catalog twice, with everything different that must not matter: time zone, language, threads, the mask of new files,
# the folder, the age of the catalog. Exits 1 unless the same files come out, byte for byte.
set -euo pipefail

zoo=$(realpath "$1")
catalog=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(umask 022 && TZ=UTC LANG=C LC_ALL=C RAYON_NUM_THREADS=1 TOKIO_WORKER_THREADS=1 \
  "$zoo" site build --quiet --base-url https://zoo.example/cat --db "$catalog" --out "$work/one" > /dev/null)
cp "$catalog" "$work/other name.sqlite"
touch -d 2001-02-03 "$work/other name.sqlite"
mkdir -p "$work/a folder/deeper"
(umask 077 && TZ=Asia/Kathmandu LANG=de_DE.UTF-8 LC_ALL=tr_TR.UTF-8 RAYON_NUM_THREADS=7 TOKIO_WORKER_THREADS=3 SOURCE_DATE_EPOCH=1 \
  "$zoo" site build --quiet --base-url https://zoo.example/cat --db "$work/other name.sqlite" --out "$work/a folder/deeper/zwei ü" > /dev/null)
diff -rq "$work/one" "$work/a folder/deeper/zwei ü"
echo "$(find "$work/one" -type f | wc -l) files, the same twice"
