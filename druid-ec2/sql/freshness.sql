-- How fresh is what we see? The newest sale of each channel, and its age in seconds. At night stores are shut.
SELECT
  order_type,
  MAX(__time) AS newest,
  TIMESTAMPDIFF(SECOND, MAX(__time), CURRENT_TIMESTAMP) AS seconds_old
FROM "ecommerce-topic-1"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY
GROUP BY 1
ORDER BY 1
