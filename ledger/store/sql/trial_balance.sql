-- Opening, movement and closing of every account and currency on a day; debit positive.
SELECT
    accounts.path AS account,
    coalesce(codes.code, '') AS code,
    totals.currency,
    coalesce(sum(totals.debit - totals.credit) FILTER (WHERE totals.day < $1), 0)::numeric AS opening,
    coalesce(sum(totals.debit) FILTER (WHERE totals.day = $1), 0)::numeric AS debit,
    coalesce(sum(totals.credit) FILTER (WHERE totals.day = $1), 0)::numeric AS credit,
    sum(totals.debit - totals.credit) AS closing
FROM account_totals AS totals
INNER JOIN accounts ON totals.account = accounts.number
LEFT JOIN LATERAL (
    SELECT account_codes.code
    FROM account_codes
    WHERE account_codes.account = totals.account AND account_codes.effective_from <= $1
    ORDER BY account_codes.effective_from DESC
    LIMIT 1
) AS codes ON true
WHERE totals.day <= $1 AND ($2::smallint IS NULL OR totals.currency = $2)
GROUP BY accounts.path, codes.code, totals.currency
ORDER BY codes.code, accounts.path, totals.currency
