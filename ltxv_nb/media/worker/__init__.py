"""A process of its own in which files from outside are opened: videos to be checked and shown, first frames.

A file from outside can make a decoder take all memory, all time, or fall over. Here that happens to a process
with limits, and the kernel reads of it only JSON and bytes, whose types and sizes it checks.

`process` is the kernel's side; `__main__`, `limits` and `tasks` run in the process; both share `messages`.
"""
