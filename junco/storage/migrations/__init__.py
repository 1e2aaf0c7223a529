"""How the tables came to be, one revision a file: ``versions/rNNNN_what.py``, numbered without gaps.

A new revision: change ``tables.py``, run ``alembic revision --autogenerate -m WHAT --rev-id NNNN``, read what it wrote.
The tests compare the tables that the revisions make with those that ``tables.py`` declares, on both databases.
"""
