-- When do which cities buy? Completed sales of the last week by city and hour of the day, UTC.
SELECT city, state, EXTRACT(HOUR FROM __time) AS "hour", COUNT(*) AS sales
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '7' DAY AND status = 'COMPLETED'
GROUP BY 1, 2, 3
ORDER BY city, state, "hour"
