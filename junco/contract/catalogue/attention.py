"""Attention: maps made of what a transformer attends to."""

from junco.contract.catalogue.cards import MethodCard

ATTENTION: tuple[MethodCard, ...] = ()
