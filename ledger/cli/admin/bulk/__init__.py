"""`ledger bulk …`: the same thing for many wallets, orders or charges, from a CSV file.

First every row is checked, and what it is about is read; only a file without any fault, whose rows
and totals are those that were expected, is carried out. Each row is a command under a key of its
own, made of the run's name, the row's number and its content, so that a run that was stopped,
however, goes on where it stopped when it is run again, and nothing is done twice.
"""
