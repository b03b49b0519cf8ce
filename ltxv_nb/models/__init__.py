"""What a model can be asked for: its parameters, their values, and the names people use for them."""
