"""What is said to the service and what its answers mean."""
