INSERT INTO cost VALUES ('toy-base', 128, 1000, 10, 512, 64, 9), ('toy-base', 256, 2000, 20, 1024, NULL, NULL);
INSERT INTO estimate VALUES ('toy-base', 10, 20, 4, NULL);
