"""Lists of jobs and videos that show themselves: as a table, as a contact sheet, and as plain text."""

from __future__ import annotations

from ltxv_nb.job_list.lists import JobList, VideoList

__all__ = ["JobList", "VideoList"]
