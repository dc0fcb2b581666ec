INSERT INTO preset (id, architecture, position, hub, published_parameters, parameters) VALUES ('toy-base', 'toy', 0, 'toys/base', 12, 12);
INSERT INTO preset_config VALUES ('toy-base', 'd_model', 0, 1, 1, 'integer', 3), ('toy-base', 'eps', 1, 0, 1, 'real', 0.5);
INSERT INTO alias VALUES ('plaything', 'toy', NULL), ('tb', 'toy', 'toy-base');
INSERT INTO module VALUES ('toy-base', '', 0, NULL, 0, '', 'Toy', 12), ('toy-base', 'up', 1, '', 1, 'up', 'Linear', 12);
INSERT INTO parameter VALUES ('toy-base', 'up.weight', 0, 'up', 'weight', '[3,4]', 12);
INSERT INTO source (architecture, field, position, preset, lineage, source, reference, confidence)
VALUES ('toy', 'date', 0, NULL, NULL, 'uncited', NULL, 'high'), ('toy', 'lineage.block', 0, NULL, 0, 'paper', '§ 2', 'low'),
  ('toy', 'presets.toy-base', 0, 'toy-base', NULL, 'paper', 'table 1', 'high');
