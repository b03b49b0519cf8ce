"""What happens to files: first frames going out, finished videos coming in."""
