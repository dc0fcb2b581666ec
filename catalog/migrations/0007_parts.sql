-- Building blocks: what they are, what they look like, what computes them and who uses them; and the words of the glossary.

ALTER TABLE component ADD COLUMN part TEXT;   -- `kind/id` of its building block; NULL: it has none of its own

CREATE TABLE part_kind (         -- an axis that asks how a model is made, or a kind of component that no axis asks for
  id       TEXT    NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL UNIQUE,
  axis     TEXT REFERENCES axis (id),         -- NULL: no axis; its models stand in `part_user`
  title    TEXT    NOT NULL,
  question TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE part (              -- every term of those axes, and every other part
  kind         TEXT    NOT NULL REFERENCES part_kind (id),
  id           TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  label        TEXT    NOT NULL,
  definition   TEXT    NOT NULL,
  text         TEXT    NOT NULL,              -- Markdown; empty where nobody wrote more than the definition
  modules      TEXT    NOT NULL CHECK (json_type(modules) = 'array'), -- types of modules that are this
  equations    TEXT    NOT NULL CHECK (json_type(equations) = 'array'), -- LaTeX
  time         TEXT,                          -- what it costs to compute, Markdown
  memory       TEXT,                          -- what it holds at once, Markdown
  kept         TEXT,                          -- what is kept of each token while a text is written, Markdown
  picture_json TEXT CHECK (json_valid(picture_json)), -- numbers, marks and names; NULL: there is none
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE part_source (       -- where that was read
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  position  INTEGER NOT NULL,
  reference TEXT    NOT NULL,                 -- `arXiv 1706.03762 §3.2.1`
  PRIMARY KEY (kind, id, position),
  FOREIGN KEY (kind, id) REFERENCES part (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE part_see (          -- what it is to be compared with
  kind       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  position   INTEGER NOT NULL,
  other_kind TEXT    NOT NULL,
  other      TEXT    NOT NULL,
  PRIMARY KEY (kind, id, position),
  FOREIGN KEY (kind, id) REFERENCES part (kind, id),
  FOREIGN KEY (other_kind, other) REFERENCES part (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE part_user (         -- models with a part that no axis asks for
  kind         TEXT NOT NULL,
  id           TEXT NOT NULL,
  architecture TEXT NOT NULL REFERENCES architecture (id),
  PRIMARY KEY (kind, id, architecture),
  FOREIGN KEY (kind, id) REFERENCES part (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE block_file (        -- shared code
  path TEXT NOT NULL PRIMARY KEY,             -- relative to the folder of blocks
  text TEXT NOT NULL
) STRICT;

CREATE TABLE block_user (        -- whose code imports something of it
  path         TEXT NOT NULL REFERENCES block_file (path),
  architecture TEXT NOT NULL REFERENCES architecture (id),
  PRIMARY KEY (path, architecture)
) STRICT, WITHOUT ROWID;

CREATE TABLE part_code (         -- the lines that compute a part
  kind       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  position   INTEGER NOT NULL,
  path       TEXT    NOT NULL REFERENCES block_file (path),
  item       TEXT    NOT NULL,                -- name of a function or type
  first_line INTEGER NOT NULL CHECK (first_line > 0),
  last_line  INTEGER NOT NULL CHECK (last_line >= first_line),
  PRIMARY KEY (kind, id, position),
  FOREIGN KEY (kind, id) REFERENCES part (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE word (              -- of the glossary, if it is no term
  word       TEXT    NOT NULL PRIMARY KEY,
  position   INTEGER NOT NULL UNIQUE,
  definition TEXT    NOT NULL,
  also       TEXT    NOT NULL CHECK (json_type(also) = 'array'), -- what others call it
  part       TEXT                             -- `kind/id` of the building block to read on at
) STRICT, WITHOUT ROWID;

CREATE TABLE translation (       -- names that are in use in other languages
  place    TEXT NOT NULL,                     -- an axis, a kind of part, or `glossary`
  id       TEXT NOT NULL,                     -- of the term, the part or the word
  language TEXT NOT NULL,                     -- ISO 639-1
  name     TEXT NOT NULL CHECK (name <> ''),
  PRIMARY KEY (place, id, language)
) STRICT, WITHOUT ROWID;

-- Every building block with the models that have it.
CREATE VIEW part_usage AS
SELECT p.kind, p.id, u.architecture FROM part AS p JOIN part_kind AS k ON k.id = p.kind
JOIN architecture_term AS u ON u.axis = k.axis AND u.term = p.id
UNION
SELECT kind, id, architecture FROM part_user;
