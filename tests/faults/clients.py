"""Clients that submit, poll and cancel through any outage, and remember all that they were told."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

TERMINAL = ("succeeded", "failed", "canceled", "expired")


@dataclass
class Told:
    """What one submission came to, as its client saw it. ``ids`` has one element, or the service did it twice."""

    seed: int
    ids: set[str] = field(default_factory=set)
    states: list[str] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)


@dataclass
class Client:
    """One submission at a time, each under a key of its own, until ``stop``; an unanswered request is asked again."""

    url: str
    plan: dict[str, Any]
    dice: random.Random
    stop: threading.Event
    history: list[Told] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=20) as http:
            while not self.stop.is_set():
                told = Told(self.dice.randrange(3))
                self.history.append(told)
                self._submit(http, told)
                cancel = self.dice.random() < 0.2
                while not self.stop.is_set() and not (told.states and told.states[-1] in TERMINAL):
                    if cancel and self.dice.random() < 0.3:
                        self._patiently(http, "POST", f"/v1/validations/{min(told.ids)}:cancel")
                        cancel = False
                    self.look(http, told)

    def look(self, http: httpx.Client, told: Told) -> None:
        """One poll."""
        found = self._patiently(http, "GET", f"/v1/validations/{min(told.ids)}?wait=1")
        if found is not None:
            told.states.append(found["state"])
            told.revisions.append(found["revision"])

    def _submit(self, http: httpx.Client, told: Told) -> None:
        # Never given up: a submission whose answer was lost is unknown, and only asking again tells.
        key = {"Idempotency-Key": uuid.UUID(int=self.dice.getrandbits(128)).hex}
        plan = {**self.plan, "seed": told.seed}
        while not told.ids:
            found = self._patiently(http, "POST", "/v1/validations?force=true", json=plan, headers=key)
            told.ids |= {found["id"]} if found else set()
        if self.dice.random() < 0.3:
            again = self._patiently(http, "POST", "/v1/validations?force=true", json=plan, headers=key)
            told.ids |= {again["id"]} if again else set()

    def _patiently(self, http: httpx.Client, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        try:
            answer = http.request(method, path, **more)
        except httpx.TransportError:
            time.sleep(0.3)
            return None
        if answer.status_code in (200, 202):
            found: dict[str, Any] = answer.json()
            return found
        # 503 while something is down, 409 for a cancel that came too late or a request under way.
        if answer.status_code not in (409, 503):
            self.refusals.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        time.sleep(0.3)
        return None
