INSERT INTO family VALUES ('toys', NULL);
INSERT INTO architecture_family VALUES ('toy', 0, 'toys');
INSERT INTO licence VALUES ('MIT', 'MIT', 'open', NULL);
INSERT INTO architecture_licence VALUES ('toy', 'code', 0, 'MIT');
INSERT INTO conflict VALUES ('toy', 0, NULL, '2020', NULL, 'curator', 'note');
INSERT INTO search_document VALUES (1, 'toy');
INSERT INTO search (rowid, names, sizes, people, prose) VALUES (1, 'toy', 'toy-base', 'alpha', 'A toy.');
INSERT INTO search_name (rowid, names, sizes, people) VALUES (1, 'toy', 'toy-base', 'alpha');
