-- Let wallets whose dues could be applied out of quarantine.
DELETE FROM quarantined_wallets WHERE shard = $1 AND wallet = ANY($2::text [])
