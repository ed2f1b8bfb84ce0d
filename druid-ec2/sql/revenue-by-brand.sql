-- What has each brand brought, in all that is kept? Completed sales after discounts, beside all attempts.
SELECT
  brand,
  ROUND(SUM(total_amount) FILTER (WHERE status = 'COMPLETED'), 2) AS revenue,
  COUNT(*) AS transactions
FROM "ecommerce-topic-1"
GROUP BY 1
ORDER BY revenue DESC, brand
