"""Lists and statements as files: asked for, written by a worker, kept for a day, and taken."""
