"""Words drawn as pictures: captions of the sandbox, labels of what is exported."""
