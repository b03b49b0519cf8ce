"""The embedded local service: the vendor's wire protocol, real MP4 files, no key and no cost.

It runs in a process of its own (``python -m ltxv_nb.sandbox``). Of the rest of the package it uses the
models, the request, the errors and the two small modules for files and texts. Its clips are drawn, not
generated: `docs/sandbox.md` says what it can show and what only the real models can.
"""
