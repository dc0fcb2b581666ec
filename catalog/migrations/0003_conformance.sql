-- What the conformance suite states, and what it found.

CREATE TABLE suite (             -- one row
  version TEXT NOT NULL PRIMARY KEY           -- of the lists of checks that the levels demand
) STRICT, WITHOUT ROWID;

CREATE TABLE level (             -- reached when all of its checks hold, and all of every lower level
  id        TEXT    NOT NULL PRIMARY KEY,     -- `L0`, `L1`, …
  position  INTEGER NOT NULL UNIQUE,          -- lowest first
  name      TEXT    NOT NULL,                 -- one word: `core`
  statement TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conformance_check ( -- one statement that should hold of every architecture
  id        TEXT NOT NULL PRIMARY KEY,        -- named for what holds: `padding-does-not-leak`
  level     TEXT REFERENCES level (id),       -- the level that demands it; NULL: a candidate, which none does
  statement TEXT NOT NULL,
  method    TEXT NOT NULL,                    -- how it is looked at, and what keeps it from passing for nothing
  fix       TEXT NOT NULL                     -- what to look at when it fails
) STRICT, WITHOUT ROWID;

CREATE TABLE conformance_seen (  -- where such bugs were made, in published code
  check_id TEXT    NOT NULL REFERENCES conformance_check (id),
  position INTEGER NOT NULL,
  place    TEXT    NOT NULL,
  PRIMARY KEY (check_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE conformance_catch ( -- bugs that a check exists to catch
  check_id TEXT    NOT NULL REFERENCES conformance_check (id),
  position INTEGER NOT NULL,
  bug      TEXT    NOT NULL,
  PRIMARY KEY (check_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiver (            -- a check that an architecture does not pass, in the open
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  check_id     TEXT    NOT NULL REFERENCES conformance_check (id),
  position     INTEGER NOT NULL,
  reason       TEXT    NOT NULL,
  PRIMARY KEY (architecture, check_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE expected_failure (  -- a check that an architecture does not pass yet
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  check_id     TEXT    NOT NULL REFERENCES conformance_check (id),
  device       TEXT,                          -- NULL: on every device
  issue        TEXT    NOT NULL,              -- address
  owner        TEXT    NOT NULL,
  expires      TEXT    NOT NULL CHECK (expires GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'), -- last day
  reason       TEXT    NOT NULL,
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcome (           -- what one check found of one architecture on one device
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  check_id     TEXT    NOT NULL REFERENCES conformance_check (id),
  device       TEXT    NOT NULL,
  status       TEXT    NOT NULL CHECK (status IN ('pass', 'waived', 'expected-failure', 'not-applicable',
                 'unexpected-pass', 'flaky', 'fail', 'timeout', 'error')),
  error        REAL,                          -- largest measured; NULL where the check is yes or no
  error_is_nan INTEGER NOT NULL CHECK (error_is_nan IN (0, 1)), -- it was measured and is not a number, which REAL cannot hold
  tolerance    REAL,                          -- largest error that would still have passed
  measure      TEXT,                          -- unit of the two, and where the tolerance comes from
  detail       TEXT    NOT NULL,
  PRIMARY KEY (architecture, check_id, device),
  CHECK (NOT (error_is_nan AND error IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX outcome_by_check ON outcome (check_id, device, status);

CREATE TABLE standing (          -- where an architecture stands with each level on each device it was checked on
  architecture TEXT NOT NULL REFERENCES architecture (id),
  device       TEXT NOT NULL,
  level        TEXT NOT NULL REFERENCES level (id),
  standing     TEXT NOT NULL CHECK (standing IN ('reached', 'not-applicable', 'missed', 'held', 'unknown')),
  PRIMARY KEY (architecture, device, level)
) STRICT, WITHOUT ROWID;
