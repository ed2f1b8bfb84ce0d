-- Do customers come back? How many bought once, twice, … in the last week.
SELECT orders, COUNT(*) AS customers
FROM (
  SELECT customer_id, COUNT(*) AS orders
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '7' DAY AND status = 'COMPLETED'
  GROUP BY 1
)
GROUP BY 1
ORDER BY 1
