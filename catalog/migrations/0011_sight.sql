-- What the tokens of a size look at.

CREATE TABLE sight (             -- a pattern that some layers of a side have, each once, in the order of the first such layers
  preset   TEXT    NOT NULL REFERENCES preset (id),
  position INTEGER NOT NULL,
  side     TEXT    NOT NULL CHECK (side IN ('main', 'encoder')),
  pattern  TEXT    NOT NULL CHECK (pattern IN ('full', 'causal', 'banded', 'segments')),
  extent   INTEGER CHECK (extent > 0),        -- tokens of the band, itself included, or of a segment
  PRIMARY KEY (preset, position),
  CHECK ((extent IS NULL) = (pattern IN ('full', 'causal')))
) STRICT, WITHOUT ROWID;
