"""The money of requests: what they cost, what may be spent, what was spent."""
