"""The grid: clips that stand side by side and play in step."""
