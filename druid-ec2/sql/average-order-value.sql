-- What does a customer spend at a time? The mean of the last day's paid orders, after discounts.
SELECT ROUND(SUM(total_amount) / COUNT(*), 2) AS average_order_value, COUNT(*) AS orders
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY AND status = 'COMPLETED'
