"""The search for an anchor of one image: which sets of segments to ask about next, and which set it comes to.

A rule is a set of segments that are kept; the others come and go with probability 1/2. Its precision is the probability
that the answer stays. Rules grow by one segment a level, as many of them kept as the beam is wide, and KL-LUCB chooses
what to ask (Ribeiro et al. 2018). A sample counts for every rule that it is a fair draw of: one that contains the rule
it was drawn for and whose segments it shows.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from junco.audit.explain.bernoulli import Floats, level, lower, upper
from junco.contract.catalogue import AnchorsParameters

Rules = NDArray[np.bool_]


@dataclass
class Evidence:
    """Samples so far: the rule each was drawn for [k, M], what it showed [k, M], whether the answer stayed [k]."""

    rules: Rules
    shown: Rules
    stayed: Rules

    def add(self, rules: Rules, shown: Rules, stayed: Rules) -> None:
        """Further samples."""
        self.rules = np.concatenate([self.rules, rules])
        self.shown = np.concatenate([self.shown, shown])
        self.stayed = np.concatenate([self.stayed, stayed])

    def of(self, rules: Rules) -> tuple[Floats, Floats]:
        """Samples that are draws of each of ``rules`` [c, M] in which the answer stayed, and all of them, [c]."""
        wanted = rules.astype(np.float32).T
        lacking = (~self.shown).astype(np.float32) @ wanted
        beyond = self.rules.astype(np.float32) @ (1 - wanted)
        fair = ((lacking == 0) & (beyond == 0)).astype(np.float64)
        hits: Floats = fair.T @ self.stayed
        return hits, fair.sum(0)


class Search:
    """One image's search: ``ask`` for rules to sample, ``tell`` what came of them, until the samples are spent."""

    def __init__(self, players: Rules, parameters: AnchorsParameters) -> None:
        count = len(players)
        self._parameters = parameters
        self._players = np.flatnonzero(players)
        self._empty = np.zeros((1, count), dtype=bool)
        self._known = Evidence(self._empty[:0], self._empty[:0], np.zeros(0, dtype=bool))
        self._beam: list[frozenset[int]] = [frozenset()]
        self._rounds = self._spent = 0
        self._over = False
        self.anchor: frozenset[int] | None = None
        self._candidates = self._grown()

    def ask(self, size: int) -> Rules:
        """``size`` rules [size, M] to draw a sample of each; the empty rule to begin with, and in the end."""
        chosen = self._undecided() if self._spent else []
        self._spent += size
        self._rounds += 1
        return np.resize(self._masks(chosen) if chosen else self._empty, (size, self._empty.shape[1]))

    def tell(self, rules: Rules, shown: Rules, stayed: Rules) -> None:
        """What was shown for each rule, and whether the answer stayed."""
        self._known.add(rules, shown, stayed)

    def precisions(self) -> Floats:
        """Precision of each segment kept alone, [M]; that of the empty rule for segments that change nothing."""
        count = self._empty.shape[1]
        (kept,), (drawn,) = self._known.of(self._empty)
        found = np.full(count, kept / max(drawn, 1))
        hits, draws = self._known.of(np.eye(count, dtype=bool)[self._players])
        found[self._players] = np.where(draws > 0, hits / np.maximum(draws, 1), found[self._players])
        return found

    def _undecided(self) -> list[frozenset[int]]:
        """The rules that settle most; none once the search is over."""
        while not self._over:
            best, rivals = self._ranked()
            if rivals and self._spent < self._allowance():
                return rivals
            doubted = self._judged(best)
            if doubted is not None:
                return [doubted]
        return []

    def _ranked(self) -> tuple[list[frozenset[int]], list[frozenset[int]]]:
        """The best candidates, and the two that KL-LUCB asks about: the least sure of them, the likeliest to join."""
        hits, draws = self._known.of(self._masks(self._candidates))
        order = np.argsort(-hits / np.maximum(draws, 1), kind="stable")
        top, rest = order[: self._parameters.beam], order[self._parameters.beam :]
        best = [self._candidates[i] for i in top]
        if not len(rest):
            return best, []
        rate = level(len(order), self._rounds, confidence=self._parameters.confidence)
        sure, likely = lower(hits[top], draws[top], level=rate), upper(hits[rest], draws[rest], level=rate)
        if likely.max() - sure.min() <= self._parameters.tolerance:
            return best, []
        return best, [best[int(sure.argmin())], self._candidates[int(rest[likely.argmax()])]]

    def _judged(self, best: list[frozenset[int]]) -> frozenset[int] | None:
        """A rule that may be an anchor and needs more samples; otherwise the search is over or a level deeper."""
        wanted = self._parameters
        hits, draws = self._known.of(self._masks(best))
        rate = math.log((1 + (wanted.beam - 1) * len(self._players)) / (1 - wanted.confidence))
        bounds = lower(hits, draws, level=rate)
        for rule, kept, drawn, bound in zip(best, hits, draws, bounds, strict=True):
            if kept >= wanted.threshold * drawn:
                if bound < wanted.threshold - wanted.tolerance:
                    return rule
                self.anchor, self._over = rule, True
                return None
        self._beam, self._candidates = best, []
        if len(best[0]) < wanted.most:
            self._candidates = self._grown()
        self._over = not self._candidates
        return None

    def _grown(self) -> list[frozenset[int]]:
        grown = (rule | {int(j)} for rule in self._beam for j in self._players if int(j) not in rule)
        return list(dict.fromkeys(grown))

    def _allowance(self) -> float:
        """Samples that may be spent before the present level is settled as it stands."""
        first = opening(self._parameters)
        share = (self._parameters.samples - 1 - first) / self._parameters.most
        return first + share * len(self._candidates[0])

    def _masks(self, rules: list[frozenset[int]]) -> Rules:
        masks = np.zeros((len(rules), self._empty.shape[1]), dtype=bool)
        for row, rule in enumerate(rules):
            masks[row, list(rule)] = True
        return masks


def opening(parameters: AnchorsParameters) -> int:
    """Samples of the empty rule to begin with: half of each of them count for every segment kept alone."""
    return (parameters.samples - 1) // 2
