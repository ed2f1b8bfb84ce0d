-- Who leads? Each brand's part of the last hour's revenue, in percent.
SELECT
  brand,
  ROUND(SUM(total_amount), 2) AS revenue,
  ROUND(100 * SUM(total_amount) / SUM(SUM(total_amount)) OVER (), 2) AS percent_of_revenue
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR AND status = 'COMPLETED'
GROUP BY 1
ORDER BY revenue DESC, brand
