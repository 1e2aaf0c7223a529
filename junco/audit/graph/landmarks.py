"""Places in the graph that methods ask for: where Grad-CAM reads, what a shift of the input can be folded into."""

from collections import Counter
from collections.abc import Collection, Mapping

from torch import fx, nn

from junco.audit.graph.activations import ACTIVATIONS
from junco.audit.graph.observe import Seen
from junco.audit.graph.ops import arguments, op_name

_CONVS = (nn.Conv2d, nn.ConvTranspose2d)
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_RESHAPES = {"aten::view", "aten::reshape", "aten::flatten", "aten::_unsafe_view"}
_PADS = {"aten::pad", "aten::constant_pad_nd"}


def tap_last_maps(module: fx.GraphModule, seen: Mapping[fx.Node, Seen]) -> str | None:
    """Name of the submodule that gives the last feature maps; None if no convolution gives any.

    These are the last ones computed from the last convolution at its own resolution, before any pooling. Where a
    function computes them, an ``nn.Identity`` is put behind it, because hooks want a module.
    """
    last = _last_maps(module, seen)
    if last is None:
        return None
    return str(last.target) if last.op == "call_module" else _tap(module, last)


def _last_maps(module: fx.GraphModule, seen: Mapping[fx.Node, Seen]) -> fx.Node | None:
    convs = [node for node in seen if _is(module, node, _CONVS) and seen[node].spatial]
    if not convs:
        return None
    tail = {convs[-1]}
    for node in seen:
        if node.op == "output" or not tail.intersection(node.all_input_nodes):
            continue
        if seen[node].spatial == seen[convs[-1]].spatial and not _is(module, node, _POOLS):
            tail.add(node)
    return max(tail)


def _tap(module: fx.GraphModule, node: fx.Node) -> str:
    name = next(name for name in ("cam_tap", "junco_cam_tap") if not hasattr(module, name))
    module.add_submodule(name, nn.Identity())
    with module.graph.inserting_after(node):
        tap = module.graph.call_module(name, (node,))
    node.replace_all_uses_with(tap, delete_user_cb=lambda user: user is not tap)
    module.recompile()
    return name


def spatial(module: fx.GraphModule, seen: Mapping[fx.Node, Seen], grids: Collection[str] = ()) -> tuple[str, ...]:
    """Submodules that give feature maps of more than one place, or tokens of ``grids``, in execution order."""
    calls = module.graph.find_nodes(op="call_module")
    return tuple(str(node.target) for node in calls if seen[node].spatial or node.target in grids)


def channels(module: fx.GraphModule, seen: Mapping[fx.Node, Seen], grids: Collection[str] = ()) -> dict[str, int]:
    """Channels of every submodule that ``spatial`` names; a token's features are its channels."""
    names = set(spatial(module, seen, grids))
    calls = [node for node in module.graph.find_nodes(op="call_module") if node.target in names]
    return {str(node.target): seen[node].shape[2 if node.target in grids else 1] for node in calls}


def activation_counts(module: fx.GraphModule) -> dict[str, int]:
    """How many activations of each kind the graph applies."""
    called = (module.get_submodule(str(node.target)) for node in module.graph.find_nodes(op="call_module"))
    return dict(Counter(type(layer).__name__ for layer in called if isinstance(layer, ACTIVATIONS)))


def first_linear(module: fx.GraphModule) -> str | None:
    """Name of the convolution or linear layer that alone reads the input, zero padding and flattening apart."""
    node = next(iter(module.graph.find_nodes(op="placeholder")))
    while True:
        readers = [user for user in node.users if op_name(user) != "aten::sym_size"]
        if len(readers) != 1:
            return None
        (node,) = readers
        if node.op == "call_module":
            return str(node.target) if _is(module, node, (nn.Conv2d, nn.Linear)) else None
        if not (op_name(node) in _RESHAPES or _pads_with_zeros(node)):
            return None


def _pads_with_zeros(node: fx.Node) -> bool:
    if op_name(node) not in _PADS:
        return False
    given = arguments(node)
    return given.get("mode", "constant") == "constant" and not given["value"]


def _is(module: fx.GraphModule, node: fx.Node, kinds: tuple[type[nn.Module], ...]) -> bool:
    return node.op == "call_module" and isinstance(module.get_submodule(str(node.target)), kinds)
