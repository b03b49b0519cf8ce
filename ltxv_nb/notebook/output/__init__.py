"""What a cell shows of a job."""
