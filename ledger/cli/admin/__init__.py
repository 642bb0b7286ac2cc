"""Commands for people: support, finance and administrators work over the HTTP API, with a key.

They need no access to the database and no file of the server. What works on the database itself,
on the host (`init`, `migrate`, `verify`, `jobs`, `import`, `key`), is elsewhere in `ledger.cli`.
"""
