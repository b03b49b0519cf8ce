"""What both sides of the wire are held to: the project's own description, and the published one where present."""
