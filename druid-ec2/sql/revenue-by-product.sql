-- Which ten products brought the most money in the last day? Completed sales, after discounts.
SELECT
  product_name,
  brand,
  ROUND(SUM(total_amount), 2) AS revenue,
  SUM(quantity) AS units
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY AND status = 'COMPLETED'
GROUP BY 1, 2
ORDER BY revenue DESC, product_name
LIMIT 10
