-- How the suite itself was tested: what was planted in the sources, and which checks failed with it.

CREATE TABLE planted (           -- one change to the sources
  id       TEXT    NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL UNIQUE,           -- by kind, area and the order of their files
  kind     TEXT    NOT NULL CHECK (kind IN ('bug', 'rewrite', 'null')), -- two checks must fail; none may; some must
  area     TEXT    NOT NULL,                  -- part of the sources: `mask`
  file     TEXT    NOT NULL,                  -- from the root of the sources
  family   TEXT    NOT NULL,                  -- which is checked with it
  what     TEXT    NOT NULL,                  -- what is wrong, one sentence
  alone    TEXT                               -- why it is right that a single check catches it
) STRICT, WITHOUT ROWID;

CREATE TABLE planted_catch (     -- a check that fails with it
  planted  TEXT NOT NULL REFERENCES planted (id),
  check_id TEXT NOT NULL REFERENCES conformance_check (id),
  PRIMARY KEY (planted, check_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX planted_catch_by_check ON planted_catch (check_id, planted);
