"""What tests share: databases, services, proxies, steps, the auditor and its stories."""
