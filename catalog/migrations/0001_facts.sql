-- Curated facts: what a family says of itself, and where that was read.
--
-- Lists keep the order of their source in `position`, counted from 0. Ids are kebab-case.
-- This file is a build product: to change a fact, change the TOML beside the code and build again.

CREATE TABLE axis (              -- one question that the taxonomy asks of every model
  id       TEXT    NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL UNIQUE,
  title    TEXT    NOT NULL,
  question TEXT    NOT NULL      -- empty on an axis that a plugin brought
) STRICT, WITHOUT ROWID;

CREATE TABLE term (              -- one answer on an axis
  axis       TEXT    NOT NULL REFERENCES axis (id),
  id         TEXT    NOT NULL,   -- unique on its axis
  position   INTEGER NOT NULL,
  label      TEXT    NOT NULL,
  definition TEXT    NOT NULL,
  PRIMARY KEY (axis, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE architecture (      -- one forward pass, whatever its sizes
  id              TEXT NOT NULL PRIMARY KEY,
  name            TEXT NOT NULL CHECK (name <> ''),
  summary         TEXT NOT NULL CHECK (summary <> ''),
  family          TEXT NOT NULL,              -- architectures that descend from one another share it
  date            TEXT NOT NULL               -- first public appearance: `2018-10-11`, or `2018-10` where the day is unknown
                  CHECK (date GLOB '[12][0-9][0-9][0-9]-[01][0-9]' OR date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
  licence_code    TEXT NOT NULL,              -- SPDX expression, of the reference code
  licence_weights TEXT NOT NULL,              -- SPDX expression, of the published weights
  readme          TEXT NOT NULL,              -- Markdown
  descriptor_json TEXT NOT NULL CHECK (json_valid(descriptor_json)) -- the facts whole; the tables here say the same
) STRICT;

CREATE INDEX architecture_by_family ON architecture (family, date, id);

CREATE TABLE architecture_term ( -- where an architecture stands in the taxonomy
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  axis         TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  term         TEXT    NOT NULL,
  PRIMARY KEY (architecture, axis, position),
  FOREIGN KEY (axis, term) REFERENCES term (axis, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX architecture_by_term ON architecture_term (axis, term, architecture);

CREATE TABLE lab (
  id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE architecture_lab (
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  lab          TEXT    NOT NULL REFERENCES lab (id),
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE paper (
  id    INTEGER NOT NULL PRIMARY KEY,         -- counted anew in every build; `arxiv` and `url` are lasting
  title TEXT    NOT NULL,
  year  INTEGER NOT NULL,                     -- of the first version
  arxiv TEXT,                                 -- as in `1810.04805`
  url   TEXT    NOT NULL
) STRICT;

CREATE TABLE author (
  name TEXT NOT NULL PRIMARY KEY              -- as printed
) STRICT, WITHOUT ROWID;

CREATE TABLE paper_author (
  paper    INTEGER NOT NULL REFERENCES paper (id),
  position INTEGER NOT NULL,                  -- in print order
  author   TEXT    NOT NULL REFERENCES author (name),
  PRIMARY KEY (paper, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE architecture_paper (
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,              -- 0 is the paper that defines it
  paper        INTEGER NOT NULL REFERENCES paper (id),
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage (           -- an edge to an ancestor, which need not be in the catalog itself
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  ancestor     TEXT    NOT NULL,
  relation     TEXT    NOT NULL,              -- a term of the axis `lineage-relation`
  change       TEXT,                          -- what changed, in one phrase
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX lineage_by_ancestor ON lineage (ancestor, architecture, position);

CREATE TABLE builds_on (         -- whose code an architecture reuses
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  base         TEXT    NOT NULL,
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE component (         -- a shared part and the role it plays
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  module       TEXT    NOT NULL,              -- path in the module tree, `*` for a layer's index: `layers.*.attention`
  name         TEXT    NOT NULL,
  kind         TEXT    NOT NULL,              -- `embedding`, `attention`, `mlp`, `norm`, `head`, …
  source       TEXT    NOT NULL,              -- paper, section, equation
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE head (              -- what can sit on the body; position 0 is the default
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  id           TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  summary      TEXT    NOT NULL,
  PRIMARY KEY (architecture, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE head_published (    -- published class names that mean this head: `BertForMaskedLM`
  architecture TEXT    NOT NULL,
  head         TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  class        TEXT    NOT NULL,
  PRIMARY KEY (architecture, head, position),
  FOREIGN KEY (architecture, head) REFERENCES head (architecture, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_type (    -- `model_type` values of a published `config.json`
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  model_type   TEXT    NOT NULL,
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_field (   -- fields of a published `config.json` and what we call them
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  published    TEXT    NOT NULL,
  ours         TEXT,                          -- NULL: without effect on what is computed
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE source_file (       -- reference code
  architecture TEXT NOT NULL REFERENCES architecture (id),
  path         TEXT NOT NULL,                 -- relative to the family's folder
  text         TEXT NOT NULL,
  PRIMARY KEY (architecture, path)
) STRICT;

CREATE TABLE figure (            -- curves that were measured
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  title        TEXT    NOT NULL,
  caption      TEXT    NOT NULL,
  command      TEXT    NOT NULL,              -- measures it again
  x_label      TEXT    NOT NULL,              -- with its unit
  x_scale      TEXT    NOT NULL CHECK (x_scale IN ('linear', 'log')),
  y_label      TEXT    NOT NULL,
  y_scale      TEXT    NOT NULL CHECK (y_scale IN ('linear', 'log')),
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE figure_point (
  architecture TEXT    NOT NULL,
  figure       INTEGER NOT NULL,
  series       INTEGER NOT NULL,              -- position of the curve
  name         TEXT    NOT NULL,              -- of the curve
  position     INTEGER NOT NULL,              -- from left to right
  x            REAL    NOT NULL,
  y            REAL    NOT NULL,
  PRIMARY KEY (architecture, figure, series, position),
  FOREIGN KEY (architecture, figure) REFERENCES figure (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE demo (              -- a small trained checkpoint that comes with the program
  architecture TEXT NOT NULL PRIMARY KEY REFERENCES architecture (id),
  task         TEXT NOT NULL                  -- what it has learnt
) STRICT, WITHOUT ROWID;

CREATE TABLE demo_try (          -- commands that show it, as they follow `zoo`
  architecture TEXT    NOT NULL REFERENCES demo (architecture),
  position     INTEGER NOT NULL,
  command      TEXT    NOT NULL,
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;
