"""From a request to a file: submit, watch, save."""
