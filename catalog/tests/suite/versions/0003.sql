INSERT INTO suite VALUES ('1.0');
INSERT INTO level VALUES ('L0', 0, 'low', 'Low.');
INSERT INTO conformance_check VALUES ('values-match', 'L0', 'They match.', 'Looks.', 'Look again.');
INSERT INTO conformance_seen VALUES ('values-match', 0, 'there');
INSERT INTO conformance_catch VALUES ('values-match', 0, 'a slip');
INSERT INTO waiver VALUES ('toy', 'values-match', 0, 'So.');
INSERT INTO expected_failure VALUES ('block', 0, 'values-match', NULL, 'https://example.org/7', 'A. Child', '2027-03-31', 'Soon.');
INSERT INTO outcome VALUES ('toy', 'values-match', 'flex', 'pass', 0.5, 0, 1.0, 'ulp', 'fine');
INSERT INTO standing VALUES ('toy', 'flex', 'L0', 'reached');
