"""The record store as a few plain objects: what it must do, without transactions, locks or SQL."""

from dataclasses import dataclass, field

from junco.contract.base import digest_of
from junco.contract.job import JobState, ShardState

MOST = 3
"""Attempts that a piece of work may be charged."""


@dataclass
class Piece:
    """A shard (by place) or the finale (place None), as a worker meets it."""

    cost: int
    place: int | None = None
    state: ShardState = ShardState.QUEUED
    attempt: int = 0
    charged: int = 0
    completed: int = 0
    lapsed: bool = False

    @property
    def partial(self) -> str:
        """What this shard computes: a function of nothing but the shard."""
        return digest_of(b"partial %d" % (self.place or 0))

    def back(self, *, charged: bool) -> None:
        """To the queue."""
        self.state, self.lapsed = ShardState.QUEUED, False
        self.charged -= not charged


@dataclass
class ShadowJob:
    """A job with its pieces."""

    pieces: list[Piece]
    state: JobState = JobState.QUEUED
    attempt: int = 0
    seen: int = field(default=0, init=False)

    @property
    def ended(self) -> bool:
        return self.state.is_terminal

    @property
    def completed(self) -> int:
        return sum(piece.completed for piece in self.pieces)

    def claimable(self) -> list[Piece]:
        """What a worker may be given."""
        if self.state not in (JobState.QUEUED, JobState.RUNNING):
            return []
        return [p for p in self.pieces if p.state is ShardState.QUEUED or (p.lapsed and p.charged < MOST)]

    def claim(self, piece: Piece) -> None:
        piece.state, piece.lapsed = ShardState.RUNNING, False
        piece.attempt += 1
        piece.charged += 1
        self.attempt = max(self.attempt, piece.charged)
        self.state = JobState.RUNNING

    def complete(self, piece: Piece) -> None:
        piece.state, piece.lapsed, piece.completed = ShardState.DONE, False, piece.cost
        if self.state is JobState.CANCELING:
            self.settle()
        elif piece.place is None:
            self.end(JobState.SUCCEEDED)
        elif all(p.state is ShardState.DONE for p in self.pieces):
            self.pieces.append(Piece(cost=0))

    def fail(self, piece: Piece, *, retry: bool) -> None:
        if self.state is JobState.CANCELING:
            piece.state = ShardState.CANCELED
            self.settle()
        elif retry and piece.charged < MOST:
            piece.back(charged=True)
        else:
            piece.state = ShardState.FAILED
            self.end(JobState.FAILED)

    def release(self, piece: Piece) -> None:
        if self.state is JobState.CANCELING:
            piece.state = ShardState.CANCELED
            self.settle()
        else:
            piece.back(charged=False)

    def reap(self) -> None:
        """What a sweep does to dead leases."""
        for piece in [p for p in self.pieces if p.lapsed]:
            if piece.lapsed and piece.state is ShardState.RUNNING:
                self.fail(piece, retry=True)

    def cancel(self) -> None:
        if self.state is JobState.QUEUED:
            self.end(JobState.CANCELED)
        elif self.state is JobState.RUNNING:
            self.state = JobState.CANCELING
            self.settle()

    def settle(self) -> None:
        for piece in self.pieces:
            if piece.state is ShardState.QUEUED:
                piece.state = ShardState.CANCELED
        if all(p.state is not ShardState.RUNNING for p in self.pieces):
            self.end(JobState.CANCELED)

    def end(self, state: JobState) -> None:
        self.state = state
        for piece in self.pieces:
            if piece.state in (ShardState.QUEUED, ShardState.RUNNING):
                piece.state, piece.lapsed = ShardState.CANCELED, False
