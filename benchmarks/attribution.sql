-- The baseline: what benchmarks/attribution.py has jalon compute, written by hand for DuckDB. {path}: the Parquet file.
-- One window over all events tells each touchpoint its next sale and where journeys begin and end, a second one counts.

CREATE TABLE events AS
SELECT *, sum(begins::INT) OVER until AS number, place - max(CASE WHEN begins THEN place END) OVER until + 1 AS position
FROM (
  SELECT person, touch_uid, channel, t, next_at, before_1, before_2, before_3, before_4, place, conversion,
    coalesce(next_at - t <= window_, false) AS led,
    before_at IS NULL OR before_sale OR (next_at - t <= window_ AND next_at - before_at > window_)
      OR (NOT coalesce(next_at - t <= window_, false) AND t - before_at > window_) AS begins,
    after_at IS NULL OR after_sale OR (NOT coalesce(next_at - t <= window_, false)
      AND (coalesce(next_at - after_at <= window_, false) OR after_at - t > window_)) AS ends
  FROM (
    SELECT person, touch_uid, channel, conversion, t, window_, row_number() OVER way AS place,
      min(CASE WHEN conversion THEN t END) OVER ahead AS next_at,
      lag(t) OVER way AS before_at, lag(conversion) OVER way AS before_sale,
      lag(channel) OVER way AS before_1, lag(channel, 2) OVER way AS before_2, lag(channel, 3) OVER way AS before_3,
      lag(channel, 4) OVER way AS before_4, lead(t) OVER way AS after_at, lead(conversion) OVER way AS after_sale
    FROM (SELECT person, touch_uid, channel, conversion, epoch_us(occurred_at) AS t, 30 * 86400000000 AS window_
      FROM read_parquet('{path}'))
    WINDOW way AS (PARTITION BY person ORDER BY t, conversion, touch_uid),
      ahead AS (PARTITION BY person ORDER BY t, conversion, touch_uid ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
  )
)
WINDOW until AS (PARTITION BY person ORDER BY place);

CREATE TABLE ways AS
SELECT (strpos('0123456789abcdef', digest[1]) * 16 + strpos('0123456789abcdef', digest[2]) - 17) % 5 AS fold,
  CASE WHEN position > 4 THEN before_4 END AS before_4, CASE WHEN position > 3 THEN before_3 END AS before_3,
  CASE WHEN position > 2 THEN before_2 END AS before_2, CASE WHEN position > 1 THEN before_1 END AS before_1,
  channel, count(*) AS often, count(*) FILTER (ends) AS ends, count(*) FILTER (ends AND led) AS converts
FROM (SELECT *, md5(person) AS digest FROM events WHERE NOT conversion)
GROUP BY ALL;

CREATE TABLE open_steps AS
SELECT person || '#' || number AS journey_id, person, touch_uid, t AS had_at, position
FROM events WHERE NOT led AND NOT conversion;

CREATE TABLE sales AS
SELECT person, epoch_us(occurred_at) AS placed_at, min_by(touch_uid, touch_uid) AS order_uid,
  min_by(value, touch_uid) AS booked, min_by(net, touch_uid) AS net
FROM read_parquet('{path}') WHERE conversion GROUP BY ALL;

CREATE TABLE steps AS
SELECT order_uid, touch_uid, channel, booked, net, placed_at - t AS age,
  row_number() OVER (PARTITION BY order_uid ORDER BY t, touch_uid) AS position,
  count(*) OVER (PARTITION BY order_uid) AS touches,
  min(placed_at - t) OVER (PARTITION BY order_uid) AS youngest
FROM events JOIN sales ON events.person = sales.person AND events.next_at = sales.placed_at
WHERE led AND NOT conversion;
DROP TABLE events;

CREATE TABLE credit AS
WITH pointed AS (
  SELECT order_uid, touch_uid, booked, net, position,
    (position = 1)::BIGINT AS first, (position = touches)::BIGINT AS last, 1::BIGINT AS linear,
    floor(pow(2.0, -(age - youngest) / (7 * 86400000000)) * (2147483647 // touches))::BIGINT AS time_decay,
    CASE WHEN touches <= 2 THEN 1 WHEN position IN (1, touches) THEN 2 * (touches - 2) ELSE 1 END::BIGINT AS position_
  FROM steps
), each AS (
  SELECT *, sum(points) OVER (PARTITION BY order_uid, model)::BIGINT AS whole
  FROM (UNPIVOT pointed ON first, last, linear, time_decay, position_ AS position INTO NAME model VALUE points)
  WHERE points > 0
), quotas AS (
  SELECT *, 1000000000 * points // whole AS w, 1000000000 * points % whole AS w_rest,
    booked * points // whole AS b, booked * points % whole AS b_rest,
    net * points // whole AS n, net * points % whole AS n_rest
  FROM each
), ranked AS (
  SELECT *,
    w + (row_number() OVER (PARTITION BY order_uid, model ORDER BY w_rest DESC, position)
      <= 1000000000 - sum(w) OVER (PARTITION BY order_uid, model))::BIGINT AS billionths,
    b + (row_number() OVER (PARTITION BY order_uid, model ORDER BY b_rest DESC, position)
      <= booked - sum(b) OVER (PARTITION BY order_uid, model))::BIGINT AS amount,
    n + (row_number() OVER (PARTITION BY order_uid, model ORDER BY n_rest DESC, position)
      <= net - sum(n) OVER (PARTITION BY order_uid, model))::BIGINT AS left_
  FROM quotas
)
SELECT order_uid, model, position, touch_uid, (billionths / 1000000000)::DECIMAL(10, 9) AS weight, amount,
  amount - left_ AS reversed, left_ AS net
FROM ranked;
