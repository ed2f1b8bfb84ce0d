-- How much traffic is there? Attempts to pay in each minute of the last hour, completed or not, and the orders that
-- were placed: their first attempts.
SELECT
  TIME_FLOOR(__time, 'PT1M') AS "minute",
  COUNT(*) AS transactions,
  COUNT(*) FILTER (WHERE attempt = 1) AS orders
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
GROUP BY 1
ORDER BY 1 DESC
