"""Answers, files and moments that somebody has made on purpose to break this package."""
