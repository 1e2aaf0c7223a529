"""The price of model_manipulation, known from the plan alone."""

from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Method
from junco.contract.plan import ShardKind
from junco.contract.sharding import shards
from junco.contract.tampering import WITNESS, panel
from tests.contract.test_costing import planned

CHECK = CheckName.MODEL_MANIPULATION


def test_an_image_costs_its_maps_its_windows_and_its_curves() -> None:
    """Four times the maps, windows of the image and of a pair, two curves an order, and the usual methods once."""
    plan = planned(methods=["gradient"], checks=[CHECK], profile="quick")
    (shard,) = shards(plan)
    assert shard.kind is ShardKind.TAMPERING
    windows, methods, steps = 1 + 10 * 10, 4, plan.profile.tampering_steps
    assert WITNESS.grid((3, 32, 32)) == (10, 10)
    usual = 1 + 16 + 16
    each = 4 * methods + 2 * windows + 2 * (steps - 1) * (methods + 1 + plan.profile.tampering_orders) + usual
    assert shard.cost == len(shard.images) * each


def test_every_reference_is_looked_at_as_the_model_is() -> None:
    """Maps, windows and curves once more, without pairs."""
    others = tuple(digest_of(name) for name in (b"one", b"two"))
    plans = [planned(methods=["gradient"], checks=[CHECK], reference_models=others[:k]) for k in range(3)]
    costs = [sum(s.cost for s in shards(plan)) for plan in plans]
    assert costs[1] - costs[0] == costs[2] - costs[1] > 0
    assert plans[2].reference_models == others


def test_the_panel_is_the_usual_gradients_and_none_by_default() -> None:
    """With fewer points than a user would ask for; and the check runs only where it is asked for."""
    assert {method: p.passes((3, 32, 32)) for method, p in panel().items()} == {
        Method.GRAD_CAM: 1, Method.INTEGRATED_GRADIENTS: 16, Method.SMOOTHGRAD: 16,
    }  # fmt: skip
    assert CHECK not in planned().checks
