"""Privacy as code: the leak scanner, keys and encryption, disclosure control, releases, erasure and the audit trail."""
