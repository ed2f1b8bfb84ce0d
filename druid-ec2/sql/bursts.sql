-- Is any sale duplicated or missing? Each burst of the last hour, counted by its transaction ids, the worst first.
-- Ids count from 0 without gaps; a burst cut off at its end shows in its report alone (expected, events).
SELECT
  SUBSTRING(transaction_id, 1, 12) AS burst,
  SUM(copies) AS stored,
  SUM(copies) - COUNT(*) AS duplicated,
  MAX(CAST(SUBSTRING(transaction_id, 14) AS BIGINT)) + 1 - COUNT(*) AS missing
FROM (
  SELECT transaction_id, COUNT(*) AS copies
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
  GROUP BY 1
)
GROUP BY 1
ORDER BY SUM(copies) - COUNT(*) + MAX(CAST(SUBSTRING(transaction_id, 14) AS BIGINT)) + 1 - COUNT(*) DESC, burst
LIMIT 1000
