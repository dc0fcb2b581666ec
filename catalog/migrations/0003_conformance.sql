-- What the conformance suite states, and what it found.

CREATE TABLE conformance_check ( -- one statement that should hold of every architecture
  id        TEXT NOT NULL PRIMARY KEY,        -- named for what holds: `padding-does-not-leak`
  statement TEXT NOT NULL,
  method    TEXT NOT NULL                     -- how it is looked at, and what keeps it from passing for nothing
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

CREATE TABLE outcome (           -- what one check found of one architecture on one device
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  check_id     TEXT    NOT NULL REFERENCES conformance_check (id),
  device       TEXT    NOT NULL,
  status       TEXT    NOT NULL CHECK (status IN ('pass', 'waived', 'not-applicable', 'fail')),
  error        REAL,                          -- largest measured; NULL where the check is yes or no
  error_is_nan INTEGER NOT NULL CHECK (error_is_nan IN (0, 1)), -- it was measured and is not a number, which REAL cannot hold
  tolerance    REAL,                          -- largest error that would still have passed
  measure      TEXT,                          -- unit of the two, and where the tolerance comes from
  detail       TEXT    NOT NULL,
  PRIMARY KEY (architecture, check_id, device),
  CHECK (NOT (error_is_nan AND error IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX outcome_by_check ON outcome (check_id, device, status);
