"""Solutions -> results: plan the trials, run them in children, check and score what comes back."""
