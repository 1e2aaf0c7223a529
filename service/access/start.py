"""What is settled when the service starts: where it may listen, and who gets the first key."""

import ipaddress
import logging
import sys
from contextlib import suppress

from junco.contract.access import KeyRequest, Scope
from junco.contract.errors import BadInput
from junco.storage import Records
from service.access.buckets import Buckets
from service.access.caller import Callers
from service.access.guard import Gate
from service.access.secret import mint, pepper_at, write_secret
from service.settings import ServiceSettings

log = logging.getLogger(__name__)


def refuse_to_expose(host: str, settings: ServiceSettings, *, insecure: bool) -> None:
    """Raise ``BadInput`` if others could reach a service that asks nobody who they are."""
    if insecure or settings.access != "off" or is_loopback(host):
        return
    raise BadInput(
        f"{host} can be reached from other machines, and access control is off.",
        expected="JUNCO_ACCESS=keys, or a loopback address",
        found=f"JUNCO_ACCESS={settings.access} and --host {host}",
        remedy="Set JUNCO_ACCESS=keys; or say --insecure, where something before it checks access.",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def open_gate(settings: ServiceSettings, records: Records) -> Gate | None:
    """Keys and limits, with a first key told where there was none; None where access control is off."""
    if settings.access == "off":
        return None
    pepper = pepper_at(settings.pepper)
    first_key(settings, records, pepper)
    per_second = settings.guesses_per_minute / 60.0
    guesses = Buckets(rate=per_second, burst=settings.guesses_per_minute)
    callers = Callers(pepper, remember_seconds=settings.key_seconds, guesses=guesses)
    return Gate(callers, Buckets(rate=settings.key_requests_per_second, burst=settings.key_burst))


def first_key(settings: ServiceSettings, records: Records, pepper: bytes) -> None:
    """Make and tell an administrator's key, if none is good."""
    text, minted = mint(pepper)
    made = records.access.add_first(minted, KeyRequest(name="first", scope=Scope.ADMIN))
    if made is None:
        return
    if settings.first_key_file is not None:
        write_secret(settings.first_key_file, text)
        log.warning("the first administrator's key %s is in %s", made.id, settings.first_key_file)
    else:
        # Not through logging: logs are collected and kept, and this is a secret.
        sys.stderr.write(f"The first administrator's key, shown this once: {text}\n")
        sys.stderr.flush()
