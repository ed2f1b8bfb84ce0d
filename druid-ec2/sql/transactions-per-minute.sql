-- How much traffic is there? Attempts to buy in each minute of the last hour, completed or not.
SELECT TIME_FLOOR(__time, 'PT1M') AS "minute", COUNT(*) AS transactions
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
GROUP BY 1
ORDER BY 1 DESC
