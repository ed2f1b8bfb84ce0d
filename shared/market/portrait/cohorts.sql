-- Of the customers whose first order of all was completed in a month: which percentage orders again in
-- that month and in each one after it.
WITH orders AS (
  SELECT customer_id, customer_type, date_trunc('month', at) AS month FROM sales WHERE status = 'COMPLETED'
), born AS (
  SELECT customer_id, month AS cohort FROM orders WHERE customer_type = 'new'
), again AS (
  SELECT DISTINCT customer_id, month FROM orders WHERE customer_type <> 'new'
)
SELECT
  strftime(cohort, '%B') AS "new in",
  count(DISTINCT customer_id) AS customers,
  round(100.0 * count(*) FILTER (WHERE month = cohort) / count(DISTINCT customer_id), 1) AS "again in the same month, %",
  round(100.0 * count(*) FILTER (WHERE month = cohort + INTERVAL 1 MONTH) / count(DISTINCT customer_id), 1) AS "a month later, %",
  round(100.0 * count(*) FILTER (WHERE month = cohort + INTERVAL 2 MONTH) / count(DISTINCT customer_id), 1) AS "two months later, %"
FROM born LEFT JOIN again USING (customer_id)
GROUP BY cohort
ORDER BY cohort;
