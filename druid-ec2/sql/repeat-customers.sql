-- Do customers come back? How many paid one order, two, … in the last week, and to how many of them one was their
-- first ever. An order is completed once at most.
SELECT orders, COUNT(*) AS customers, SUM(first_orders) AS new_customers
FROM (
  SELECT customer_id, COUNT(*) AS orders, MAX(CASE WHEN customer_type = 'new' THEN 1 ELSE 0 END) AS first_orders
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '7' DAY AND status = 'COMPLETED'
  GROUP BY 1
)
GROUP BY 1
ORDER BY 1
