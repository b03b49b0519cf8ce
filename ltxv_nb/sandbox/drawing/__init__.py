"""From a prompt to a clip: scene, caption, sound, file. Everything here runs in the worker process."""
