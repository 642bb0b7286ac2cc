"""The HTTP edge: it decodes, authorises and sends; `ledger.contract` has the calls themselves."""
