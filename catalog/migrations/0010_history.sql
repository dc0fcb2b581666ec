-- What the catalog said otherwise before: one revision is built beside the one before it, and keeps what that one knew of earlier ones.

CREATE TABLE revision (          -- a catalog that said something new; the first one of all says when the record begins
  date   TEXT    NOT NULL PRIMARY KEY         -- as of which it was built
         CHECK (date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
  models INTEGER NOT NULL CHECK (models >= 0) -- it held
) STRICT, WITHOUT ROWID;

CREATE TABLE change (            -- something that a revision says otherwise than the one before
  revision     TEXT NOT NULL REFERENCES revision (date),
  architecture TEXT NOT NULL,                 -- its id, whether it is still in the catalog or not
  field        TEXT NOT NULL,                 -- JSON Pointer into the model's record, items of lists by their ids: `/presets/bert-base/config/d_model`;
                                              -- `/conformance/<check>/<device>/error`; empty: the whole record, whose name then stands as the value
  before       TEXT CHECK (json_valid(before)), -- as JSON; NULL: it said nothing
  after        TEXT CHECK (json_valid(after)),  -- NULL: it no longer says anything
  PRIMARY KEY (revision, architecture, field),
  CHECK (before IS NOT after)
) STRICT, WITHOUT ROWID;

CREATE INDEX change_by_architecture ON change (architecture, revision);
