"""The HTTP edge: it decodes, authorises and sends; what the calls are is in `ledger.contract`."""
