-- Is something going on? Minutes of the last day that look like a scenario, by their figures alone, beside the truth.
-- An outage: most payments by one method fail. A flash sale: more sales than not have a discount.
SELECT
  "minute",
  SUM(attempts) AS attempts,
  ROUND(100.0 * MAX(CASE WHEN attempts >= 10 THEN 1.0 * failed / attempts ELSE 0 END), 1) AS worst_method_failed_percent,
  ROUND(100.0 * SUM(discounted) / SUM(attempts), 1) AS discounted_percent,
  CASE
    WHEN MAX(CASE WHEN attempts >= 10 THEN 1.0 * failed / attempts ELSE 0 END) > 0.6 THEN 'payment-outage'
    WHEN 1.0 * SUM(discounted) / SUM(attempts) > 0.5 THEN 'flash-sale'
    ELSE ''
  END AS looks_like,
  SUM(flash_sale) AS truly_flash_sale,
  SUM(payment_outage) AS truly_payment_outage
FROM (
  SELECT
    TIME_FLOOR(__time, 'PT1M') AS "minute",
    payment_method,
    COUNT(*) AS attempts,
    COUNT(*) FILTER (WHERE status <> 'COMPLETED') AS failed,
    COUNT(*) FILTER (WHERE discount > 0) AS discounted,
    COUNT(*) FILTER (WHERE scenario = 'flash-sale') AS flash_sale,
    COUNT(*) FILTER (WHERE scenario = 'payment-outage') AS payment_outage
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY
  GROUP BY 1, 2
)
GROUP BY 1
ORDER BY 1 DESC
LIMIT 1440
