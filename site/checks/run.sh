#!/usr/bin/env bash
# Checks a built site: run.sh PUBLIC_DIR [--all] [--lighthouse]
# With ZOO, the program that built it, links and budgets are checked, and models are run in their pages and compared with it.
# Valid HTML everywhere; the largest and the smallest English page of every type, and the largest in one of the other languages (with --all, every page) in Chromium: light, dark,
# forced colours, phone, narrow with wide text spacing, and without JavaScript. Exits 1 on any violation.
set -euo pipefail

public=$(realpath "${1:?usage: run.sh PUBLIC_DIR [--all] [--lighthouse]}")
zoo=$(realpath "${ZOO:-.}")
shift
[ -f "$public/.zoo-site" ] || { echo "$public is not a built site (it has no .zoo-site)" >&2; exit 2; }
cd "$(dirname "$0")"

if ! command -v chromium >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-cjk
fi
if [ ! -d node_modules/playwright-core ] || [ package.json -nt node_modules/.package-lock.json ]; then
  PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --no-audit --no-fund --silent
fi

failed=0
if [ -n "${ZOO:-}" ]; then
  echo "zoo site check"
  "$zoo" site check "$public" || failed=1
fi
echo "html-validate"
find "$public" -name '*.html' -print0 | sort -z | xargs -0 node_modules/.bin/html-validate --config htmlvalidate.json || failed=1
echo "records and their schema"
node schema.mjs "$public" || failed=1
echo "ids of scripts"
node ids.mjs "$public" || failed=1
echo "narrow down, sort, compare"
node explore.mjs "$public" || failed=1
echo "chromium"
node browser.mjs "$public" "$@" || failed=1
echo "search"
node search.mjs "$public" || failed=1
if [[ " $* " == *" --lighthouse "* ]]; then
  echo "lighthouse"
  # Two hundred packages that the other checks do without.
  [ -d node_modules/lighthouse ] || PUPPETEER_SKIP_DOWNLOAD=1 npm install --no-audit --no-fund --silent --no-save lighthouse@12.8.2
  node lighthouse.mjs "$public" || failed=1
fi
if [ -n "${ZOO:-}" ] && [ -d "$public/tryout" ]; then
  echo "models in their pages"
  node tryout.mjs "$public" "$zoo" || failed=1
fi
exit "$failed"
