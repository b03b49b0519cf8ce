"""Everything that knows IPython or widgets; `ltxv_nb.notebook.extension` is what ``%load_ext`` runs."""
