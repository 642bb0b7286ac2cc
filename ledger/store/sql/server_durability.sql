-- Settings without which an acknowledged commit may be lost.
SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit
