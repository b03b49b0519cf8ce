"""Real processes that die, share a home, and run out of disk: nothing lost, nothing paid twice."""
