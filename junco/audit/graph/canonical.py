"""An upload and an input that it takes, to the canonical classifier that stands for it."""

from dataclasses import replace

import torch
from torch import fx

from junco.audit.graph.assemble import Assembled, assemble
from junco.audit.graph.attention import attention
from junco.audit.graph.head import cut_softmax, flatten_output
from junco.audit.graph.inputs import Fitted
from junco.audit.graph.judgeable import require_gradients, require_parameters
from junco.audit.graph.landmarks import activation_counts, channels, first_linear, spatial, tap_last_maps
from junco.audit.graph.lift import Lifted, holder
from junco.audit.graph.observe import observed
from junco.audit.graph.precision import narrowest, retyped
from junco.audit.graph.said import buffers, on_the_file, overridden
from junco.audit.graph.steps import steps, uncovered
from junco.audit.graph.tidy import tidied
from junco.audit.graph.tokens import grids, last_tokens
from junco.audit.graph.upload import Upload
from junco.audit.model import Canonical


def canonical(upload: Upload, found: Fitted) -> Canonical:
    """The graph of ``upload``; raises ``ModelNotJudgeable``, or what torch raises where it cannot lift."""
    lifted = upload.lift(found)
    lifted = tidied(lifted, found.x[: lifted.batch])
    x = found.x[: lifted.batch]
    values = dict(observed(_module(lifted), x))
    narrow = narrowest(values.values())
    found = replace(found, x=x, original=replace(found.original, narrow=narrow))
    softmax = cut_softmax(lifted, values)
    (answer,) = lifted.graph.output_node().all_input_nodes
    flatten_output(lifted.graph, values[answer])
    assembled = assemble(lifted, x, names=upload.names())
    # In the file's own precision: another one rounds values across the kinks of activations.
    told = (*buffers(assembled), *overridden(upload, found, assembled.module, softmax=softmax))
    lifted = replace(lifted, notes=(*lifted.notes, *told))
    whole = upload.dtype is torch.float32 and narrow is None
    module = assembled.module if whole else retyped(assembled.module, torch.float32)
    return _described(upload, found, lifted=lifted, assembled=Assembled(module, assembled.left_out), softmax=softmax)


def _module(lifted: Lifted) -> fx.GraphModule:
    return fx.GraphModule(holder(lifted.tensors), lifted.graph)


def _described(
    upload: Upload, found: Fitted, *, lifted: Lifted, assembled: Assembled, softmax: str | None
) -> Canonical:
    module, x = assembled.module, found.x[: lifted.batch].float()
    require_gradients(module, x)
    cam_layer = tap_last_maps(module, observed(module, x))
    seen = observed(module, x)
    tokens = grids(module, seen, len(x))
    order = steps(module)
    require_parameters(order)
    return Canonical(
        module=module,
        steps=order,
        input_shape=(x.shape[1], x.shape[2], x.shape[3]),
        classes=found.answer.shape[1],
        format=upload.format,
        producer=upload.producer,
        original=found.original,
        batch=lifted.batch,
        cam_layer=last_tokens(module, x, tokens) or cam_layer,
        spatial=spatial(module, seen, tokens),
        grids=tokens,
        channels=channels(module, seen, tokens),
        attention=attention(module, seen, x),
        activations=activation_counts(module),
        left_out={**assembled.left_out, **uncovered(module, order)},
        first_linear=first_linear(module),
        softmax_cut=softmax,
        warnings=(*upload.warnings, *lifted.notes, *on_the_file(found, lifted=lifted, module=module)),
    )
