"""The sandbox's generations: accepted, stored, rendered."""
