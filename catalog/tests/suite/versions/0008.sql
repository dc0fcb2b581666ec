INSERT INTO cost VALUES ('toy-1', 128, 1000, 10, 512, 64, 9), ('toy-1', 256, 2000, 20, 1024, NULL, NULL);
INSERT INTO estimate VALUES ('toy-1', 10, 20, 4, NULL);
