-- Which marketing pays? From attempts to revenue and commission, for each source, in the last day.
SELECT
  source,
  COUNT(*) AS attempts,
  COUNT(*) FILTER (WHERE status = 'COMPLETED') AS completed,
  ROUND(100.0 * COUNT(*) FILTER (WHERE status = 'COMPLETED') / COUNT(*), 2) AS percent_completed,
  ROUND(SUM(total_amount) FILTER (WHERE status = 'COMPLETED'), 2) AS revenue,
  ROUND(SUM(commission) FILTER (WHERE status = 'COMPLETED'), 2) AS commission
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY
GROUP BY 1
ORDER BY attempts DESC, source
