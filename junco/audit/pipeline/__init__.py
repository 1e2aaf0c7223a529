"""The audit's story: plan -> shards, run(shard) -> partial, conclude(partials) -> outcome, draw(outcome) -> report.

Imports nothing: a runner that inspects or computes must not pay for the libraries that judge and draw.
"""
