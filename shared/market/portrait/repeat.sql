-- How many orders a customer completes, and how many days lie between the first two.
WITH numbered AS (
  SELECT customer_id, sold, row_number() OVER (PARTITION BY customer_id ORDER BY sold) AS number
  FROM sales WHERE status = 'COMPLETED'
), customers AS (
  SELECT
    customer_id, max(number) AS orders,
    date_diff('hour', min(sold) FILTER (WHERE number = 1), min(sold) FILTER (WHERE number = 2)) / 24.0 AS days
  FROM numbered GROUP BY customer_id
)
SELECT
  CASE WHEN orders < 5 THEN orders::VARCHAR ELSE '5 and more' END AS "orders",
  count(*) AS customers,
  round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS "of all, %",
  round(100.0 * sum(orders) / sum(sum(orders)) OVER (), 1) AS "of the orders, %",
  coalesce(round(median(days), 1)::VARCHAR, '') AS "days from the first to the second, median"
FROM customers
GROUP BY ALL
ORDER BY 1;
