"""Random stories of commands: what imagines them, what judges them, and the auditor's agreement."""
