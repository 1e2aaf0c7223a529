"""The client's part for administrators: dead letters and keys."""

from collections.abc import Iterator

from junco.client.wire import Wire
from junco.contract.access import KeyList, KeyRequest, NewKey, RotationRequest
from junco.contract.resources import DeadLetter, DeadLetterList, Retried


class Administering(Wire):
    """Dead letters and keys."""

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Work that failed for good, newest first."""
        for page in self._pages(DeadLetterList, "/v1/dead-letters", {}):
            yield from page.dead_letters

    def retry(self, letter: str) -> Retried:
        """Has a dead letter's work done again; raises ``NotFound``, and what submitting raises."""
        return Retried.model_validate_json(self._send("POST", f"/v1/dead-letters/{letter}:retry").content)

    def create_key(self, request: KeyRequest) -> NewKey:
        """Makes a key; the answer is the only one that shows it."""
        return NewKey.model_validate_json(self._send("POST", "/v1/keys", json=request.model_dump(mode="json")).content)

    def keys(self) -> KeyList:
        """Every key, newest first."""
        return self._get(KeyList, "/v1/keys", {})

    def revoke_key(self, key_id: str) -> None:
        """Ends a key now."""
        self._send("DELETE", f"/v1/keys/{key_id}")

    def rotate_key(self, key_id: str, request: RotationRequest) -> NewKey:
        """Makes a key like an old one, which ends after the overlap."""
        answer = self._send("POST", f"/v1/keys/{key_id}:rotate", json=request.model_dump(mode="json"))
        return NewKey.model_validate_json(answer.content)
