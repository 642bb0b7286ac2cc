"""The code generator of the SDK: `python -m deploy.client.generate`."""
