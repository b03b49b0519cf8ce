"""The gallery of finished clips."""
