"""Images with parts taken away, and what the model still says of them: for checks that ask if a map is faithful."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from junco.audit.batch import Batch
from junco.audit.checks.randomise import generator_for
from junco.audit.model import Canonical
from junco.contract.catalogue import Fill

AT_ONCE = {"cpu": 8, "cuda": 128}
"""Images in one pass, by device."""
BLUR = 0.1
"""Standard deviation of the blur over the shorter side: enough for a digit or a bird to be told no more."""


@torch.no_grad()
def probabilities(model: Canonical, x: Tensor, targets: Tensor) -> Tensor:
    """Softmax probability [m] of ``targets`` [m] for images ``x`` [m, C, H, W]."""
    return logits(model, x).softmax(1).gather(1, targets[:, None])[:, 0]


@torch.no_grad()
def logits(model: Canonical, x: Tensor) -> Tensor:
    """Logits [m, classes], as many images a pass as suit the device."""
    return torch.cat([model(part) for part in torch.split(x, AT_ONCE.get(x.device.type, AT_ONCE["cuda"]))])


def filled(batch: Batch, fill: Fill) -> Tensor:
    """What stands where nothing of the image is left, [n, C, H, W]."""
    return _FILLS[fill](batch)


def _mean(batch: Batch) -> Tensor:
    return batch.box.mean.to(batch.x).view(1, -1, 1, 1).expand_as(batch.x)


def _blurred(batch: Batch) -> Tensor:
    channels, height, width = batch.x.shape[1:]
    sigma = max(1.0, BLUR * min(height, width))
    reach = min(round(3 * sigma), min(height, width) - 1)
    steps = torch.arange(-reach, reach + 1).to(batch.x)
    kernel = torch.exp(-steps.square() / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(channels, 1, -1)
    wide = pad(batch.x, (reach, reach, reach, reach), mode="reflect")
    down = conv2d(wide, kernel[..., None], groups=channels)
    return conv2d(down, kernel[:, :, None], groups=channels)


_FILLS = {Fill.MEAN: _mean, Fill.BLUR: _blurred}


def enlarged(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps [n, h, w] at the images' ``size``, [n, H, W]; coarser ones are interpolated."""
    if maps.shape[1:] == torch.Size(size):
        return maps
    return interpolate(maps[:, None], size=tuple(size), mode="bilinear", align_corners=False)[:, 0]


def ranks(maps: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Place of each pixel in the order of its map's values, largest first, [n, H, W]; ties fall as each draw has it."""
    return torch.stack([_ranks(one, draw) for one, draw in zip(maps, generators, strict=True)])


def _ranks(values: Tensor, generator: torch.Generator) -> Tensor:
    shuffled = torch.randperm(values.numel(), generator=generator).to(values.device)
    flat = values.flatten().nan_to_num(0)[shuffled]
    order = shuffled[flat.argsort(descending=True, stable=True)]
    places = torch.empty_like(order)
    places[order] = torch.arange(len(order), device=order.device)
    return places.view(values.shape)


def order_of(maps: Tensor, batch: Batch, *, seed: int, draw: int) -> Tensor:
    """``ranks`` of maps [n, h, w] at the images' size, where ties fall as ``draw`` has it for each image."""
    return ranks(enlarged(maps, batch.x.shape[2:]), [generator_for("order", seed, draw, i) for i in batch.index])


def curves(
    model: Canonical, batch: Batch, order: Tensor, *, fills: Mapping[Fill, Tensor], steps: int
) -> dict[tuple[Fill, str], Tensor]:
    """Probability of the target as pixels go in ``order`` [n, H, W], and as they come back: [n, steps - 1] of each.

    Step k has k / ``steps`` of the pixels deleted from the image, or inserted into the fill.
    """
    found = {}
    for fill, blank in fills.items():
        for name, (whole, part) in {"deletion": (batch.x, blank), "insertion": (blank, batch.x)}.items():
            shares = [_mixed(whole, part, order, k / steps) for k in range(1, steps)]
            scores = [probabilities(model, images, batch.targets) for images in shares]
            found[fill, name] = torch.stack(scores, 1) if scores else batch.x.new_empty(len(batch), 0)
    return found


def gain(model: Canonical, batch: Batch, order: Tensor, *, steps: int) -> Tensor:
    """Area [n] under the insertion curve less that under the deletion curve: their ends are one another's."""
    found = curves(model, batch, order, fills={Fill.MEAN: filled(batch, Fill.MEAN)}, steps=steps)
    return (found[Fill.MEAN, "insertion"].sum(1) - found[Fill.MEAN, "deletion"].sum(1)) / steps


def _mixed(whole: Tensor, part: Tensor, order: Tensor, share: float) -> Tensor:
    """``whole`` with ``part`` where the pixels come first."""
    return torch.where((order < share * order[0].numel())[:, None], part, whole)
