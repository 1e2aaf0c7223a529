"""Published findings and promised error rates, measured again: ``python -m benchmarks.replicate [STEP ...]``.

Every step leaves its figures in ``out/replication`` and is skipped where they lie, so that a run that was stopped goes
on. What is committed of them is in docs/replication/, and told in docs/replication.md.
"""
