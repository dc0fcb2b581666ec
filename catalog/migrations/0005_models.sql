-- Every model, with code or without: `architecture` now holds both. And what a search looks into.

DROP VIEW model;
DROP VIEW term_use;

ALTER TABLE architecture ADD COLUMN kind TEXT NOT NULL DEFAULT 'model';       -- a term of the axis `kind`
ALTER TABLE architecture ADD COLUMN code INTEGER NOT NULL DEFAULT 1 CHECK (code IN (0, 1)); -- zoo can build and run it
ALTER TABLE architecture ADD COLUMN listed TEXT CHECK (listed IN ('list', 'figure')); -- where in the catalog paper; NULL: nowhere
ALTER TABLE architecture ADD COLUMN extension TEXT;          -- what it adds to what was there before
ALTER TABLE architecture ADD COLUMN corpus TEXT;             -- what it was trained on
ALTER TABLE architecture ADD COLUMN architecture_note TEXT;  -- what the term on the axis `architecture` does not say
ALTER TABLE architecture ADD COLUMN undisclosed INTEGER NOT NULL DEFAULT 0 CHECK (undisclosed IN (0, 1)); -- nobody was told its size
ALTER TABLE architecture ADD COLUMN weights_public INTEGER CHECK (weights_public IN (0, 1)); -- anybody can get them; NULL: not said
ALTER TABLE architecture ADD COLUMN licence_note TEXT;
ALTER TABLE architecture ADD COLUMN note TEXT;

CREATE INDEX architecture_by_date ON architecture (date, id);
CREATE INDEX architecture_with_code ON architecture (id) WHERE code;

CREATE TABLE name (              -- everything a model or a size is called
  id           INTEGER NOT NULL PRIMARY KEY,  -- counted anew in every build
  name         TEXT    NOT NULL,              -- as written
  normal       TEXT    NOT NULL,              -- as names are compared: lower case, `-` for `_`
  kind         TEXT    NOT NULL CHECK (kind IN ('id', 'alias', 'hub', 'name', 'translation')),
  language     TEXT,                          -- ISO 639-1, of a translation
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  preset       TEXT    REFERENCES preset (id), -- NULL: of the model itself
  CHECK ((language IS NOT NULL) = (kind = 'translation'))
) STRICT;

CREATE INDEX name_by_normal ON name (normal);
CREATE INDEX name_by_architecture ON name (architecture);

CREATE TABLE family (            -- families of families, as people speak of them
  id    TEXT NOT NULL PRIMARY KEY,
  label TEXT                                  -- NULL: the vocabulary lacks it
) STRICT, WITHOUT ROWID;

CREATE TABLE architecture_family (
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,              -- 0 is the one that `architecture.family` names
  family       TEXT    NOT NULL REFERENCES family (id),
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX architecture_family_by_family ON architecture_family (family, architecture);

ALTER TABLE lab ADD COLUMN name TEXT;         -- NULL: the vocabulary lacks it
ALTER TABLE lab ADD COLUMN country TEXT;      -- of its seat, ISO 3166-1 alpha-2; NULL for a community
ALTER TABLE lab ADD COLUMN now TEXT REFERENCES lab (id); -- what it has become

CREATE TABLE lab_name (          -- what else it is called
  lab      TEXT    NOT NULL REFERENCES lab (id),
  position INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  language TEXT,                              -- ISO 639-1; NULL: in no language in particular
  PRIMARY KEY (lab, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX architecture_lab_by_lab ON architecture_lab (lab, architecture);

CREATE TABLE country (           -- where a model was made
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  country      TEXT    NOT NULL,              -- ISO 3166-1 alpha-2
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE application (       -- what a model is for
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  application  TEXT    NOT NULL,
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE licence (
  id       TEXT NOT NULL PRIMARY KEY,         -- SPDX identifier, `LicenseRef-…`, `NONE` or `NOASSERTION`
  label    TEXT,                              -- NULL: the vocabulary lacks it
  openness TEXT CHECK (openness IN ('open', 'restricted', 'non-commercial', 'closed', 'unknown')),
  note     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE architecture_licence ( -- the parts of the two expressions that `architecture` holds
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  part         TEXT    NOT NULL CHECK (part IN ('code', 'weights')),
  position     INTEGER NOT NULL,
  licence      TEXT    NOT NULL REFERENCES licence (id),
  PRIMARY KEY (architecture, part, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX architecture_licence_by_licence ON architecture_licence (licence, architecture);

ALTER TABLE paper ADD COLUMN et_al INTEGER NOT NULL DEFAULT 0 CHECK (et_al IN (0, 1)); -- more authors than are named

ALTER TABLE lineage ADD COLUMN preset_name TEXT;  -- the one size it holds for, by its published name
ALTER TABLE lineage ADD COLUMN date TEXT;         -- if later than the model's own
ALTER TABLE lineage ADD COLUMN note TEXT;

ALTER TABLE preset ADD COLUMN of_model TEXT REFERENCES architecture (id); -- the model it is a size of; NULL: the one whose code builds it
ALTER TABLE preset ADD COLUMN name TEXT;          -- what its makers call it beside the model's name: `8x7B`
ALTER TABLE preset ADD COLUMN unbuilt INTEGER NOT NULL DEFAULT 0 CHECK (unbuilt IN (0, 1)); -- too little is known to build it
ALTER TABLE preset ADD COLUMN hub_seen TEXT;      -- a file in which the hub's name was seen
ALTER TABLE preset ADD COLUMN context INTEGER CHECK (context > 0); -- longest text it was trained on, where no size says so
ALTER TABLE preset ADD COLUMN active INTEGER CHECK (active > 0);   -- parameters that one token uses, where those are not all
ALTER TABLE preset ADD COLUMN stated INTEGER CHECK (stated > 0);   -- parameters, as its makers say
ALTER TABLE preset ADD COLUMN stated_label TEXT;  -- as they print it: `46.7B`
ALTER TABLE preset ADD COLUMN counted INTEGER CHECK (counted > 0); -- parameters that follow from the sizes by a formula
ALTER TABLE preset ADD COLUMN counted_basis TEXT; -- what is counted, where that is not the usual
ALTER TABLE preset ADD COLUMN checked INTEGER CHECK (checked > 0); -- an exact count that somebody else published
ALTER TABLE preset ADD COLUMN checked_source TEXT;
ALTER TABLE preset ADD COLUMN checked_reference TEXT;
-- The model it is a size of, and the best number of parameters there is: built, published exactly, counted, stated.
ALTER TABLE preset ADD COLUMN model TEXT AS (coalesce(of_model, architecture)) VIRTUAL;
ALTER TABLE preset ADD COLUMN size INTEGER AS (coalesce(parameters, published_parameters, counted, stated)) VIRTUAL;

CREATE INDEX preset_by_model ON preset (model, size);
CREATE INDEX preset_by_size ON preset (size, model);
CREATE INDEX preset_with_code ON preset (model) WHERE parameters IS NOT NULL;

CREATE TABLE document (          -- what was read
  id   INTEGER NOT NULL PRIMARY KEY,          -- counted anew in every build
  name TEXT    NOT NULL UNIQUE                -- a repository at a commit, a page, a paper
) STRICT;

ALTER TABLE source ADD COLUMN document INTEGER REFERENCES document (id); -- `reference` is its name and the locator
ALTER TABLE source ADD COLUMN locator TEXT;       -- where in the document: a file, a section, a table

CREATE TABLE conflict (          -- sources that do not say the same, and what was made of it
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  position     INTEGER NOT NULL,
  preset_name  TEXT,                          -- the one size that is concerned
  chosen       TEXT    NOT NULL,              -- what stands in this catalog
  note         TEXT,                          -- why
  found_by     TEXT    NOT NULL CHECK (found_by IN ('curator', 'comparison')),
  severity     TEXT    NOT NULL CHECK (severity IN ('conflict', 'note')), -- a note is rounding, or a paper later than the release
  PRIMARY KEY (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict_about (    -- fields, axes or sizes that it is about
  architecture TEXT    NOT NULL,
  conflict     INTEGER NOT NULL,
  position     INTEGER NOT NULL,
  field        TEXT    NOT NULL,
  PRIMARY KEY (architecture, conflict, position),
  FOREIGN KEY (architecture, conflict) REFERENCES conflict (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict_value (    -- what each source says
  architecture TEXT    NOT NULL,
  conflict     INTEGER NOT NULL,
  position     INTEGER NOT NULL,
  source       TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  PRIMARY KEY (architecture, conflict, position),
  FOREIGN KEY (architecture, conflict) REFERENCES conflict (architecture, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE external_statement ( -- what other catalogs say, even where it is not what stands here
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  catalog      TEXT    NOT NULL CHECK (catalog IN ('amatriain', 'orkg', 'ecosystem-graphs')),
  field        TEXT    NOT NULL,              -- dotted: `licence.openness`
  position     INTEGER NOT NULL,              -- in a list; 0 otherwise
  value        TEXT    NOT NULL,
  PRIMARY KEY (architecture, catalog, field, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE search_document (   -- which model a row of `search` and `search_name` stands for
  id           INTEGER NOT NULL PRIMARY KEY,  -- the row's id there
  architecture TEXT    NOT NULL UNIQUE REFERENCES architecture (id)
) STRICT;

-- Words, letter case, accents and `ß` folded; Chinese, Japanese and Korean in overlapping pairs of characters. It holds the index and
-- no text: `search_document` leads back.
CREATE VIRTUAL TABLE search USING fts5 (
  names,                         -- of the model, in every language
  sizes,                         -- names of its sizes
  people,                        -- labs, authors, families
  prose,
  content = '', tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
);

-- The same without the prose: where most questions are answered, and no common word is common.
CREATE VIRTUAL TABLE search_name USING fts5 (
  names, sizes, people,
  content = '', tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
);

-- Names in overlapping groups of three characters, for what was mistyped; a row's id is that of `name`.
CREATE VIRTUAL TABLE name_piece USING fts5 (
  pieces,
  content = '', detail = none, tokenize = "unicode61 remove_diacritics 2 tokenchars '^$'"
);

-- Every model on one line.
CREATE VIEW model_overview AS
SELECT a.id, a.name, a.kind, a.code, a.family, a.date, CAST(substr(a.date, 1, 4) AS INTEGER) AS year,
  (SELECT group_concat(coalesce(l.name, l.id), ', ' ORDER BY u.position) FROM architecture_lab AS u JOIN lab AS l ON l.id = u.lab
    WHERE u.architecture = a.id) AS labs,
  (SELECT group_concat(term, ', ' ORDER BY position) FROM architecture_term
    WHERE architecture = a.id AND axis = 'architecture') AS architecture,
  (SELECT group_concat(term, ', ' ORDER BY position) FROM architecture_term
    WHERE architecture = a.id AND axis = 'attention') AS attention,
  (SELECT group_concat(term, ', ' ORDER BY position) FROM architecture_term
    WHERE architecture = a.id AND axis = 'pretraining-task') AS pretraining_task,
  (SELECT count(*) FROM preset WHERE model = a.id) AS sizes,
  (SELECT min(size) FROM preset WHERE model = a.id) AS smallest,
  (SELECT max(size) FROM preset WHERE model = a.id) AS largest,
  a.licence_code, a.licence_weights, a.weights_public,
  (SELECT p.title FROM architecture_paper AS u JOIN paper AS p ON p.id = u.paper
    WHERE u.architecture = a.id AND u.position = 0) AS paper,
  (SELECT p.arxiv FROM architecture_paper AS u JOIN paper AS p ON p.id = u.paper
    WHERE u.architecture = a.id AND u.position = 0) AS arxiv,
  a.summary
FROM architecture AS a;

-- What came when, and how large the largest of it was.
CREATE VIEW timeline AS
SELECT a.date, a.id, a.name, a.family, a.code, (SELECT max(size) FROM preset WHERE model = a.id) AS largest,
  (SELECT group_concat(ancestor, ', ' ORDER BY position) FROM lineage WHERE architecture = a.id) AS ancestors
FROM architecture AS a ORDER BY a.date, a.id;

-- How many models give each answer, how many of them have code, and when the first and the last came.
CREATE VIEW term_usage AS
SELECT t.axis, t.id AS term, t.label, count(DISTINCT a.id) AS models, count(DISTINCT iif(a.code, a.id, NULL)) AS with_code,
  min(a.date) AS first, max(a.date) AS last
FROM term AS t
LEFT JOIN architecture_term AS u ON u.axis = t.axis AND u.term = t.id
LEFT JOIN architecture AS a ON a.id = u.architecture
GROUP BY t.axis, t.id, t.label;

-- Every ancestor of every model, however far back, and over how few steps. A build refuses circles, so this ends.
CREATE VIEW lineage_closure AS
WITH RECURSIVE up (model, ancestor, steps) AS (
  SELECT architecture, ancestor, 1 FROM lineage
  UNION
  SELECT up.model, l.ancestor, up.steps + 1 FROM up JOIN lineage AS l ON l.architecture = up.ancestor
)
SELECT model, ancestor, min(steps) AS steps FROM up GROUP BY model, ancestor;

-- What was looked up, field by field, and what is not yet sourced: every source it has is `uncited`.
CREATE VIEW field_source AS
SELECT architecture, field, count(*) AS sources, sum(source <> 'uncited') AS looked_up, max(source <> 'uncited') AS sourced
FROM source GROUP BY architecture, field;
