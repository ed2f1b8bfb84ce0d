-- Which screens sell? Completed sales of each size, in inches, in all that is kept; 0 where
-- the catalogue tells none.
SELECT screen_size, COUNT(*) AS sales
FROM "ecommerce-topic-1"
WHERE status = 'COMPLETED'
GROUP BY 1
ORDER BY sales DESC, screen_size
