-- A shard's stored totals.
SELECT day - DATE '1970-01-01' AS day, account, currency, debit, credit FROM account_totals
WHERE shard = $1
