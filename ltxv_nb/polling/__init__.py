"""When to ask the service about a generation."""
