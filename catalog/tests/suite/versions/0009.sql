INSERT INTO tensor VALUES ('toy-base', 0, 'tokens', '["n"]'), ('toy-base', 1, 'hidden', '["n",3]');
INSERT INTO stack VALUES ('toy-base', 0, 'layers', 'main', 'pre', NULL);
INSERT INTO sublayer VALUES ('toy-base', 0, 0, 'attention', 'attention', 'norm', 'position');
