"""The file's names for its tensors, and from them the names of the modules that take their place."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from junco.audit.graph.retrace import Key

_USUAL = ("weight", "bias", "running_mean", "weight_v", "weight_g", "weight_orig")

_KINDS: Mapping[type[nn.Module], str] = {
    nn.Conv1d: "conv",
    nn.Conv2d: "conv",
    nn.Conv3d: "conv",
    nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm",
    nn.BatchNorm3d: "batch_norm",
    nn.GroupNorm: "group_norm",
    nn.LayerNorm: "layer_norm",
    nn.MaxPool2d: "max_pool",
    nn.AvgPool2d: "avg_pool",
    nn.AdaptiveAvgPool2d: "adaptive_avg_pool",
    nn.ConvTranspose2d: "conv_transpose",
    nn.InstanceNorm2d: "instance_norm",
    nn.LeakyReLU: "leaky_relu",
}


@dataclass(frozen=True)
class Names:
    """The file's names for its tensors: whether each is a parameter (or else a buffer), and where it lies.

    ``trained`` is None where the file does not tell.
    """

    trained: Mapping[str, bool | None]
    places: Mapping[str, Key]

    def aliases(self, name: str) -> tuple[str, ...]:
        """All names of the tensor called ``name``."""
        return tuple(other for other, key in self.places.items() if key == self.places[name])

    def origins(self, stored: str) -> tuple[str, ...]:
        """The file's own names for a stored tensor, or for the one that it was computed from; none if it has none."""
        stem = stored.removesuffix("_t").rstrip("0123456789").removesuffix("_")
        for name in (stored, stored.removesuffix("_t"), stem):
            if name in self.trained:
                return self.aliases(name)
        return ()

    def is_trained(self, stored: str) -> bool | None:
        """Whether a stored tensor is one of the file's parameters; None where the file does not tell."""
        origins = self.origins(stored)
        return self.trained[origins[0]] if origins else None

    def path(self, weights: Mapping[str, str]) -> str | None:
        """Where the file has the layer that reads ``weights``, stored tensors by the layer's own names for them.

        Empty for a layer that is the whole file; None where the file has no names.
        """
        origins = [self.origins(weights[own]) for own in ("weight", "bias", "running_mean") if own in weights]
        if not any(origins):
            return None
        # A tensor that two layers share has two names; the one that all of this layer's tensors agree on is its own.
        paths = [[_holder(name) for name in names] for names in origins if names]
        agreed = [path for path in paths[0] if all(path in others for others in paths[1:])]
        return (agreed or paths[0])[0]


def kind_of(module: nn.Module) -> str:
    """What a module is called that the file has no name for."""
    return _KINDS.get(type(module), type(module).__name__.lower())


def _holder(name: str) -> str:
    """The module that holds a tensor called ``name``, or the tensor's own name where it is not called as usual."""
    path, _, leaf = name.rpartition(".")
    return path if leaf in _USUAL else name
