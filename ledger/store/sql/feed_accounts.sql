-- Every account's path and its general-ledger codes, each from its day on, the newest first.
SELECT
    accounts.number,
    accounts.path,
    coalesce(account_codes.code, '') AS code,
    coalesce(account_codes.effective_from - DATE '1970-01-01', 0) AS since
FROM accounts
LEFT JOIN account_codes ON accounts.number = account_codes.account
ORDER BY accounts.number, account_codes.effective_from DESC
