"""The sandbox's generations: accepted, kept, rendered."""
