INSERT INTO planted VALUES ('mask-forgotten', 0, 'bug', 'mask', 'mask.rs', 'toy', 'There is no mask.', NULL);
INSERT INTO planted_catch SELECT 'mask-forgotten', id FROM conformance_check;
