-- Requests whose event is missing or another's, and events whose request is missing.
SELECT requests.wallet, requests.caller, 'request names event ' || requests.seq || ', which is not its own' AS problem
FROM requests
LEFT JOIN events ON requests.shard = events.shard AND requests.seq = events.seq
WHERE
    requests.shard = $1
    AND (
        events.seq IS NULL
        OR events.wallet <> requests.wallet
        OR events.caller <> requests.caller
        OR events.key_hash <> requests.key_hash
    )
UNION ALL
SELECT events.wallet, events.caller, 'event ' || events.seq || ' has a key, but no request remembers it'
FROM events
LEFT JOIN requests
    ON
        events.shard = requests.shard
        AND events.wallet = requests.wallet
        AND events.caller = requests.caller
        AND events.key_hash = requests.key_hash
        AND events.seq = requests.seq
WHERE events.shard = $1 AND events.key_hash <> '' AND requests.seq IS NULL
