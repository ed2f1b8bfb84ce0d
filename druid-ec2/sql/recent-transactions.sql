-- What was sold last? The hundred newest attempts of the last hour, completed or not.
SELECT __time, transaction_id, order_id, attempt, customer_id, product_name, brand, price, quantity, status
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
ORDER BY __time DESC
LIMIT 100
