-- Of the customers whose first order of all was completed in a month: which percentage orders again in
-- that month and in each one after it. What is not over yet is empty.
WITH orders AS (
  SELECT customer_id, customer_type, date_trunc('month', sold) AS month FROM sales WHERE status = 'COMPLETED'
), born AS (
  SELECT customer_id, month AS cohort FROM orders WHERE customer_type = 'new'
), again AS (
  SELECT DISTINCT customer_id, month FROM orders WHERE customer_type <> 'new'
), retained AS (
  SELECT
    cohort, count(DISTINCT customer_id) AS customers,
    count(*) FILTER (WHERE month = cohort) AS same,
    count(*) FILTER (WHERE month = cohort + INTERVAL 1 MONTH) AS next,
    count(*) FILTER (WHERE month = cohort + INTERVAL 2 MONTH) AS third
  FROM born LEFT JOIN again USING (customer_id)
  GROUP BY cohort
), last AS (SELECT max(month) AS month FROM orders)
SELECT
  strftime(cohort, '%B') AS "new in",
  customers,
  round(100.0 * same / customers, 1) AS "again in the same month, %",
  CASE WHEN cohort + INTERVAL 1 MONTH <= last.month THEN round(100.0 * next / customers, 1) END AS "a month later, %",
  CASE WHEN cohort + INTERVAL 2 MONTH <= last.month THEN round(100.0 * third / customers, 1) END AS "two months later, %"
FROM retained, last
ORDER BY cohort;
