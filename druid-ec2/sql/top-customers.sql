-- Who are the twenty best customers of the last week? By what they paid, after discounts; an order counts at the
-- attempt that paid it.
SELECT customer_id, ROUND(SUM(total_amount), 2) AS spent, COUNT(*) AS orders
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '7' DAY AND status = 'COMPLETED'
GROUP BY 1
ORDER BY spent DESC, customer_id
LIMIT 20
