INSERT INTO revision VALUES ('2026-01-02', 2);
INSERT INTO change VALUES ('2026-01-02', 'toy', '/date', '"2020-01"', '"2020-02"');
