"""What the harness is measured beside, each a process of its own."""
