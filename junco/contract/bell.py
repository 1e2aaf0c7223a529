"""What the service and the workers must agree on for a bell to be heard: plain Celery names, and no Celery."""

TASK = "junco.work"
"""The task's name; its one argument is the id of a piece of work."""
QUEUE = "junco"
"""The queue that bells wait in."""
KEY_PREFIX = "junco:"
"""Keeps a Redis that is shared with others tidy; both sides must use it."""
