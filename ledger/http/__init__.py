"""The HTTP edge: it decodes, authorises, calls the service and renders; no rule lives here."""
