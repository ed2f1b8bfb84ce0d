-- What do further attempts save? The last hour's orders by how often they were tried, how many were paid, and the
-- revenue of those.
SELECT
  attempts,
  COUNT(*) AS orders,
  SUM(paid) AS paid_orders,
  ROUND(SUM(revenue), 2) AS revenue
FROM (
  SELECT
    order_id,
    MAX(attempt) AS attempts,
    MAX(CASE WHEN status = 'COMPLETED' THEN 1 ELSE 0 END) AS paid,
    SUM(CASE WHEN status = 'COMPLETED' THEN total_amount ELSE 0.0 END) AS revenue
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
  GROUP BY 1
)
GROUP BY 1
ORDER BY 1
