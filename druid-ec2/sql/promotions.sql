-- What do promotions bring? Paid orders of the last day by the promotion that the product was in (empty: none), their
-- revenue, and how far the prices were below the list prices, in percent.
SELECT
  promotion,
  COUNT(*) AS orders,
  ROUND(SUM(total_amount), 2) AS revenue,
  ROUND(100 - 100 * SUM(price * quantity) / SUM(list_price * quantity), 2) AS percent_below_list
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY AND status = 'COMPLETED'
GROUP BY 1
ORDER BY revenue DESC, promotion
