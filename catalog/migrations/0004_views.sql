-- Questions people ask first.

-- Every architecture on one line.
CREATE VIEW model AS
SELECT a.id, a.name, a.family, a.date, a.summary,
  (SELECT group_concat(lab, ', ' ORDER BY position) FROM architecture_lab WHERE architecture = a.id) AS labs,
  (SELECT title FROM paper JOIN architecture_paper ON paper.id = paper
    WHERE architecture = a.id AND position = 0) AS paper,
  (SELECT count(*) FROM preset WHERE architecture = a.id) AS presets
FROM architecture AS a;

-- How large is each preset, and does the code build what was published?
CREATE VIEW model_size AS
SELECT p.architecture, a.name, p.id AS preset, p.parameters, p.published_parameters,
  p.parameters - p.published_parameters AS difference,
  (SELECT count(*) FROM parameter WHERE preset = p.id) AS tensors
FROM preset AS p JOIN architecture AS a ON a.id = p.architecture;

-- Every outcome with the statement it is about, the level that demands it, and why it may fail.
CREATE VIEW conformance AS
SELECT o.architecture, c.level, o.check_id, o.device, o.status, o.error, o.tolerance, o.error / o.tolerance AS fraction_of_tolerance,
  c.statement, o.detail, w.reason AS waived_because,
  x.reason AS expected_because, x.issue, x.owner, x.expires
FROM outcome AS o
JOIN conformance_check AS c ON c.id = o.check_id
LEFT JOIN waiver AS w ON w.architecture = o.architecture AND w.check_id = o.check_id
LEFT JOIN expected_failure AS x
  ON x.architecture = o.architecture AND x.check_id = o.check_id AND coalesce(x.device, o.device) = o.device;

-- The highest level that each architecture reached on each device.
CREATE VIEW level_reached AS
SELECT architecture, device, level, name FROM (
  SELECT s.architecture, s.device, l.id AS level, l.name,
    row_number() OVER (PARTITION BY s.architecture, s.device ORDER BY l.position DESC) AS place
  FROM standing AS s JOIN level AS l ON l.id = s.level WHERE s.standing = 'reached'
) WHERE place = 1;

-- How many architectures give each answer?
CREATE VIEW term_use AS
SELECT t.axis, t.id AS term, t.label, count(DISTINCT u.architecture) AS architectures
FROM term AS t LEFT JOIN architecture_term AS u ON u.axis = t.axis AND u.term = t.id
GROUP BY t.axis, t.id, t.label;

-- What still lacks a source?
CREATE VIEW unsourced AS
SELECT architecture, field, note FROM source WHERE source = 'uncited';
