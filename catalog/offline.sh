#!/usr/bin/env bash
# Writes catalog/.sqlx anew: what the compiler knows of each checked query where there is no database. Run it after a query or a migration
# has changed; a test compares what is written there with the schema.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Python's own SQLite may be older than the one that is linked into the catalog.
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$scratch/python" apsw
PYTHONPATH="$scratch/python" python3 - "$scratch/schema.sqlite" <<'PYTHON'
import apsw, pathlib, sys

database = apsw.Connection(sys.argv[1])
for migration in sorted(pathlib.Path("migrations").glob("*.sql")):
    database.execute(migration.read_text())
PYTHON
mkdir "$scratch/queries"
touch src/lib.rs
SQLX_OFFLINE=false DATABASE_URL="sqlite://$scratch/schema.sqlite" SQLX_OFFLINE_DIR="$scratch/queries" \
  cargo check --workspace --all-targets
rm -rf .sqlx
mv "$scratch/queries" .sqlx
touch src/lib.rs
printf '%s queries\n' "$(find .sqlx -name '*.json' | wc -l)"
