INSERT INTO sight VALUES ('toy-base', 0, 'main', 'causal', NULL), ('toy-base', 1, 'main', 'banded', 3);
