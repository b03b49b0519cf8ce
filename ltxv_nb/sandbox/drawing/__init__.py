"""From a prompt to a clip: scene, words, sound, file. Everything here runs in the worker process."""
