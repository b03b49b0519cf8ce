"""The models that the sandbox serves: the built-in two, some invented ones, and those of a folder."""
