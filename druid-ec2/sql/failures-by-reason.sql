-- Why do sales fail? Each reason's part of the last hour's attempts, in percent, and what was not paid at them.
-- Another attempt may have paid it: retries.sql.
SELECT status, failure_reason, failed, percent_of_attempts, not_paid
FROM (
  SELECT
    status,
    failure_reason,
    COUNT(*) AS failed,
    ROUND(100.0 * COUNT(*) / SUM(COUNT(*)) OVER (), 2) AS percent_of_attempts,
    ROUND(SUM(total_amount), 2) AS not_paid
  FROM "ecommerce-topic-1"
  WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR
  GROUP BY 1, 2
)
WHERE status <> 'COMPLETED'
ORDER BY failed DESC, status, failure_reason
