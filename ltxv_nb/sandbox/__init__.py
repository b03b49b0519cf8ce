"""The embedded local service: the vendor's wire protocol, real MP4 files, no key and no cost.

It runs in a process of its own (``python -m ltxv_nb.sandbox``) and shares only the parameter table and the
exceptions with the rest of the package. What it films is drawn, not generated: `docs/sandbox.md` says what it
shows and what only the real models can.
"""
