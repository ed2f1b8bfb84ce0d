-- How does the money come in? Completed sales in each second of the last five minutes.
SELECT
  TIME_FLOOR(__time, 'PT1S') AS "second",
  ROUND(SUM(total_amount), 2) AS revenue,
  COUNT(*) AS sales
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '5' MINUTE AND status = 'COMPLETED'
GROUP BY 1
ORDER BY 1
