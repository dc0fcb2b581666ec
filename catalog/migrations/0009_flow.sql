-- What goes through a size, and how its layers are wired.

CREATE TABLE tensor (            -- on the way from what is read to what is answered, read off a forward pass
  preset   TEXT    NOT NULL REFERENCES preset (id),
  position INTEGER NOT NULL,                  -- in the order of the pass
  place    TEXT    NOT NULL,                  -- `tokens`, `embedded`, `last`; of the answer what kind of answer it is: `next-token-logits`
  extents  TEXT    NOT NULL CHECK (json_type(extents) = 'array'), -- without the batch; "n" is the text's length, "m" the source's: `["n",768]`
  PRIMARY KEY (preset, position),
  UNIQUE (preset, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE stack (             -- a stack of layers, each a chain of sub-layers that are added to what they read
  preset    TEXT    NOT NULL REFERENCES preset (id),
  position  INTEGER NOT NULL,
  layers    TEXT    NOT NULL,                 -- path of the list of layers
  side      TEXT    NOT NULL CHECK (side IN ('main', 'encoder')),
  placement TEXT    NOT NULL,                 -- a term of the axis `normalisation-placement`
  last_norm TEXT,                             -- path of the norm after the last layer
  PRIMARY KEY (preset, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE sublayer (          -- paths are those below the layer
  preset   TEXT    NOT NULL,
  stack    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind     TEXT    NOT NULL CHECK (kind IN ('attention', 'cross-attention', 'mlp')),
  module   TEXT    NOT NULL,                  -- with its maps
  norm     TEXT    NOT NULL,
  scores   TEXT,                              -- path, from the root, of what positions add to the scores, if it has parameters
  PRIMARY KEY (preset, stack, position),
  FOREIGN KEY (preset, stack) REFERENCES stack (preset, position)
) STRICT, WITHOUT ROWID;
