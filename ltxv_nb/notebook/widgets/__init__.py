"""Pieces that panel, gallery and cells have in common."""
