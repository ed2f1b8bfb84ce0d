-- What was sold last? The hundred newest sales of the last hour.
SELECT __time, transaction_id, customer_id, product_name, brand, price, quantity, status
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
ORDER BY __time DESC
LIMIT 100
