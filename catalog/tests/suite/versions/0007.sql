UPDATE component SET part = 'mlp/dense' WHERE architecture = 'toy';
INSERT INTO part_kind VALUES ('attention', 0, 'attention', 'Attention', 'Who looks at whom?'), ('mlp', 1, NULL, 'Feed-forward', 'What alone?');
INSERT INTO part VALUES ('attention', 'causal', 0, 'Causal', 'Only what came before.', 'Rows grow.', '[]', '["M"]', '$n^2$', NULL, NULL, NULL),
  ('mlp', 'dense', 0, 'Dense', 'Up and down.', '', '["Mlp"]', '[]', NULL, NULL, NULL, '{}');
INSERT INTO part_source VALUES ('attention', 'causal', 0, '§ 3');
INSERT INTO part_see VALUES ('attention', 'causal', 0, 'mlp', 'dense');
INSERT INTO part_user VALUES ('mlp', 'dense', 'toy');
INSERT INTO block_file VALUES ('mlp.rs', 'pub struct Mlp;');
INSERT INTO block_user VALUES ('mlp.rs', 'toy');
INSERT INTO part_code VALUES ('mlp', 'dense', 0, 'mlp.rs', 'Mlp', 1, 1);
INSERT INTO word VALUES ('d_model', 0, 'Width.', '["hidden_size"]', NULL);
INSERT INTO translation VALUES ('attention', 'causal', 'zh', '因果');
