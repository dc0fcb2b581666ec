-- What running a size costs, one text or image at a time.

CREATE TABLE cost (              -- what its code does with an input of one length, in f32, read off its operations
  preset           TEXT    NOT NULL REFERENCES preset (id),
  tokens           INTEGER NOT NULL CHECK (tokens > 0),            -- of each text; patches of an image
  matmul_flops     INTEGER NOT NULL CHECK (matmul_flops >= 0),     -- of a forward pass, in matrix products and convolutions
  elementwise      INTEGER NOT NULL CHECK (elementwise >= 0),      -- numbers that its other arithmetic runs over
  activation_bytes INTEGER NOT NULL CHECK (activation_bytes >= 0), -- most that inputs and intermediate results take at a time
  state_bytes      INTEGER CHECK (state_bytes >= 0),               -- what is remembered of the tokens, if it writes
  step_flops       INTEGER CHECK (step_flops >= 0),                -- to read the last one when the others are remembered
  PRIMARY KEY (preset, tokens),
  CHECK ((state_bytes IS NULL) = (step_flops IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE estimate (          -- what a transformer of the published sizes should cost, with code or without
  preset                  TEXT    NOT NULL PRIMARY KEY REFERENCES preset (id),
  parameters              INTEGER NOT NULL, -- in use for one token
  flops_per_token         INTEGER NOT NULL, -- of a forward pass, in matrix products: two for each parameter
  flops_per_pair          INTEGER NOT NULL, -- and for each token that a token may look at
  state_numbers_per_token INTEGER           -- keys and values kept of each token, if it writes
) STRICT, WITHOUT ROWID;

-- What every size costs at the longest text that was counted: as its code does it, or as estimated where there is no code.
CREATE VIEW size_cost AS
SELECT p.id AS preset, p.model, p.size AS parameters, 4 * p.size AS f32_bytes, 2 * p.size AS f16_bytes, p.size AS int8_bytes,
  c.tokens, c.matmul_flops / c.tokens AS flops_per_token, c.activation_bytes, c.state_bytes, c.step_flops,
  e.flops_per_token + e.flops_per_pair * c.tokens AS estimated_flops_per_token,
  e.flops_per_token AS estimated_flops_per_token_alone, 4 * e.state_numbers_per_token AS estimated_state_bytes_per_token
FROM preset AS p
LEFT JOIN cost AS c ON c.preset = p.id AND c.tokens = (SELECT max(tokens) FROM cost WHERE preset = p.id)
LEFT JOIN estimate AS e ON e.preset = p.id;
