"""Perturbation and surrogates: maps made of how scores answer to hidden parts of the image."""

from junco.contract.catalogue.cards import MethodCard

PERTURBATION: tuple[MethodCard, ...] = ()
