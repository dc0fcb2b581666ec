-- Published sizes, and what the code builds of each.

CREATE TABLE preset (
  id                   TEXT    NOT NULL PRIMARY KEY,
  architecture         TEXT    NOT NULL REFERENCES architecture (id),
  position             INTEGER NOT NULL,
  hub                  TEXT,                  -- Hugging Face repository, `owner/name`
  note                 TEXT,                  -- what differs from its siblings
  published_parameters INTEGER CHECK (published_parameters >= 0), -- as published, tied matrices once
  parameters           INTEGER CHECK (parameters >= 0),           -- counted in the module tree; NULL: there is no code
  pooling              TEXT    CHECK (pooling IN ('mean', 'first', 'last')), -- how hidden states become one vector a text
  normalise            INTEGER CHECK (normalise IN (0, 1)),       -- scale that vector to length one
  max_tokens           INTEGER CHECK (max_tokens >= 0),           -- longest text of which such a vector is made
  UNIQUE (architecture, position),
  CHECK ((pooling IS NULL) = (normalise IS NULL) AND (pooling IS NULL) = (max_tokens IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE preset_config (     -- the configuration of a preset, one row a field
  preset   TEXT    NOT NULL REFERENCES preset (id),
  field    TEXT    NOT NULL,
  position INTEGER NOT NULL,
  stated   INTEGER NOT NULL CHECK (stated IN (0, 1)), -- the curated facts give it
  built    INTEGER NOT NULL CHECK (built IN (0, 1)),  -- the code builds with it
  kind     TEXT    NOT NULL,
  value    ANY,                               -- a boolean is 0 or 1; lists and maps are JSON
  PRIMARY KEY (preset, field),
  CHECK (stated OR built),
  CHECK (CASE kind
    WHEN 'null'    THEN typeof(value) = 'null'
    WHEN 'boolean' THEN typeof(value) = 'integer' AND value IN (0, 1)
    WHEN 'integer' THEN typeof(value) = 'integer'
    WHEN 'real'    THEN typeof(value) = 'real'
    WHEN 'text'    THEN typeof(value) = 'text'
    WHEN 'json'    THEN json_valid(value)
    ELSE 0 END)
) STRICT, WITHOUT ROWID;

CREATE TABLE alias (             -- other names, unique over the whole catalog
  name         TEXT NOT NULL PRIMARY KEY,
  architecture TEXT NOT NULL REFERENCES architecture (id),
  preset       TEXT REFERENCES preset (id)    -- NULL: a name of the architecture
) STRICT, WITHOUT ROWID;

CREATE TABLE module (            -- the module tree that the code builds
  preset     TEXT    NOT NULL REFERENCES preset (id),
  path       TEXT    NOT NULL,                -- dotted; empty at the root: `layers.0.attention`
  ordinal    INTEGER NOT NULL,                -- in declaration order, whole before part
  parent     TEXT,                            -- path; NULL at the root
  depth      INTEGER NOT NULL CHECK (depth >= 0),
  name       TEXT    NOT NULL,                -- field name in the parent
  kind       TEXT    NOT NULL,                -- type: `Linear`
  parameters INTEGER NOT NULL CHECK (parameters >= 0), -- elements in the module and all below it
  PRIMARY KEY (preset, path),
  FOREIGN KEY (preset, parent) REFERENCES module (preset, path),
  CHECK ((parent IS NULL) = (depth = 0))
) STRICT, WITHOUT ROWID;

CREATE TABLE parameter (         -- one trainable tensor
  preset  TEXT    NOT NULL,
  path    TEXT    NOT NULL,                   -- dotted: `layers.0.attention.query.weight`
  ordinal INTEGER NOT NULL,                   -- in declaration order
  module  TEXT    NOT NULL,                   -- path of the module that holds it; its kind stands there
  name    TEXT    NOT NULL,                   -- field name in that module
  shape   TEXT    NOT NULL CHECK (json_type(shape) = 'array'), -- extents, as our module holds them: `[768,768]`
  count   INTEGER NOT NULL CHECK (count >= 0), -- elements
  PRIMARY KEY (preset, path),
  FOREIGN KEY (preset, module) REFERENCES module (preset, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE source (            -- where a value was read
  architecture TEXT    NOT NULL REFERENCES architecture (id),
  field        TEXT    NOT NULL,              -- `date`, `taxonomy.attention`, `presets.<id>`, `lineage.<ancestor>`
  position     INTEGER NOT NULL,
  preset       TEXT    REFERENCES preset (id), -- the preset whose numbers were read there
  lineage      INTEGER,                       -- the edge that was read there
  source       TEXT    NOT NULL,              -- a term of the axis `source`
  reference    TEXT,                          -- file, page or paper, as exactly as it is known
  confidence   TEXT    NOT NULL,              -- a term of the axis `confidence`
  note         TEXT,
  PRIMARY KEY (architecture, field, position),
  FOREIGN KEY (architecture, lineage) REFERENCES lineage (architecture, position)
) STRICT, WITHOUT ROWID;
