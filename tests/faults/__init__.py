"""A service that misbehaves on command, and what the client makes of it."""
