-- Segments by recency, frequency and money: each customer is in a fifth by the days since the last order and
-- in a fifth by what was spent; frequency is counted, since most customers have one order.
WITH customers AS (
  SELECT
    customer_id, count(*) AS orders, sum(total_amount) AS spent,
    date_diff('day', max(sold), (SELECT max(sold) FROM sales)) AS days_ago
  FROM sales WHERE status = 'COMPLETED' GROUP BY customer_id
), scored AS (
  SELECT *,
    ntile(5) OVER (ORDER BY days_ago DESC, customer_id) AS recency,
    ntile(5) OVER (ORDER BY spent, customer_id) AS money
  FROM customers
), segments AS (
  SELECT *, CASE
    WHEN orders >= 3 AND recency >= 4 AND money = 5 THEN '1 champions'
    WHEN orders >= 3 THEN '2 loyal'
    WHEN orders = 2 AND recency >= 3 THEN '3 on their way'
    WHEN orders = 2 THEN '4 cooling'
    WHEN money = 5 THEN '5 one large order'
    WHEN recency = 5 THEN '6 one recent order'
    ELSE '7 one order'
  END AS segment FROM scored
)
SELECT
  segment[3:] AS segment,
  count(*) AS customers,
  round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS "of all, %",
  round(100.0 * sum(spent) / sum(sum(spent)) OVER (), 1) AS "of the revenue, %",
  round(avg(orders), 2) AS "orders",
  round(avg(spent)) AS "spent, $",
  round(avg(days_ago)) AS "days since the last"
FROM segments
GROUP BY segments.segment
ORDER BY segments.segment;
