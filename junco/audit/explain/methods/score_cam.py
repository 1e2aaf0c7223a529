"""Score-CAM: A = max(sum_k w_k a_k, 0), w = softmax over k of z_c(x0 + m_k (x - x0)) - z_c(x0).

Wang et al., Score-CAM, 2020: m_k is channel k scaled to [0, 1] and enlarged to the image, bilinear; the baseline's
score drops out of the softmax. A channel of one value hides nothing and has no weight. With ``channels`` those of
largest variance over the map vote alone (Li et al., Faster Score-CAM). [n, 1, h, w], not negative, at the layer's own
resolution. Cost: a forward pass a channel.
"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from junco.audit.explain.backward import Wants
from junco.audit.explain.baselines import baseline
from junco.audit.explain.cams import weighted
from junco.audit.explain.layers import layer_of, no_spatial_layer
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores
from junco.audit.explain.registry import method
from junco.audit.model import Canonical
from junco.contract.catalogue import Method, ScoreCamParameters
from junco.contract.errors import InvalidPlan


def _refuses(model: Canonical, parameters: ScoreCamParameters) -> str | None:
    reason = no_spatial_layer(model, parameters)
    if reason is None and parameters.channels is not None:
        layer = layer_of(model, parameters)
        if parameters.channels > model.channels.get(layer, parameters.channels):
            raise InvalidPlan(
                f"Layer {layer!r} has fewer channels than are to vote.",
                expected=f"channels of at most {model.channels[layer]}",
                found=str(parameters.channels),
            )
    return reason


def _wants(model: Canonical, parameters: ScoreCamParameters) -> Wants:
    return Wants(layers=frozenset({layer_of(model, parameters)}))


@method(Method.SCORE_CAM, refuses=_refuses, wants=_wants)
def score_cam(run: Pass, parameters: ScoreCamParameters) -> Tensor:
    """The layer's channels, weighted by the score of the image seen through each of them."""
    activations = run.tapped(layer_of(run.model, parameters)).activations
    chosen = _of_largest_variance(activations, parameters.channels)
    start = baseline(run.batch, parameters)
    way = run.x - start
    scores = perturbed_scores(run, lambda k: start + _mask(chosen[:, k], way) * way, chosen.shape[1])
    flat = chosen.amax(dim=(2, 3)) == chosen.amin(dim=(2, 3))
    weights = torch.softmax(scores.masked_fill(flat, -torch.inf), dim=1).nan_to_num()  # NaN where all are flat
    return weighted(chosen, weights[:, :, None, None])


def _of_largest_variance(activations: Tensor, count: int | None) -> Tensor:
    """``count`` channels [n, count, h, w] of each image, in the layer's order; all of them if None."""
    if count is None or count >= activations.shape[1]:
        return activations
    places = activations.flatten(2).var(dim=2).topk(count, dim=1).indices.sort(dim=1).values
    return activations.take_along_dim(places[:, :, None, None], dim=1)


def _mask(channel: Tensor, like: Tensor) -> Tensor:
    """``channel`` [n, h, w] scaled to [0, 1] and enlarged to [n, 1, H, W]; 0 where it has one value only."""
    low, high = (edge(dim=(1, 2), keepdim=True) for edge in (channel.amin, channel.amax))
    extent = torch.where(high > low, high - low, 1)
    enlarged = interpolate(((channel - low) / extent)[:, None], like.shape[2:], mode="bilinear", align_corners=False)
    return enlarged.clamp(0, 1)
