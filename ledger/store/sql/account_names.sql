-- Some accounts as the general ledger calls them on a day, given as days since 1970-01-01.
SELECT
    accounts.number,
    accounts.path,
    coalesce(latest.code, '') AS code,
    coalesce(latest.name, '') AS name
FROM accounts
LEFT JOIN LATERAL (
    SELECT account_codes.code, account_codes.name
    FROM account_codes
    WHERE
        account_codes.account = accounts.number
        AND account_codes.effective_from <= DATE '1970-01-01' + $2::integer
    ORDER BY account_codes.effective_from DESC
    LIMIT 1
) AS latest ON true
WHERE accounts.number = ANY($1::smallint [])
