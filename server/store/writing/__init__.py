"""Writing what live calls find: the thread that does it, and where events wait meanwhile."""
