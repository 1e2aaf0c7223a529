"""Shards of model_manipulation: a network looked at beside its witness, and beside reference models."""

from collections.abc import Sequence

from junco.audit.checks import model_manipulation as check
from junco.audit.checks.centring import centred_model
from junco.audit.checks.witness import Windows
from junco.audit.explain import Bound, build, refusal
from junco.audit.explanation import Explainer
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import Bench, at_once, bound, comparison, explainer
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.base import Digest
from junco.contract.catalogue import CheckName
from junco.contract.errors import InvalidPlan
from junco.contract.plan import Plan, ShardKind
from junco.contract.tampering import WITNESS, panel


@runs(ShardKind.TAMPERING)
def tampering(order: Order) -> Partial:
    """Some images of the plan; the first shard keeps maps. References that are not at hand are left out."""
    plan, ready = order.plan, order.bench()
    mine = ready.rows(order.shard.images)
    at_hand = [digest for digest in plan.reference_models if digest in order.others]
    study = check.TamperingStudy(
        model=ready.model,
        explainer=explainer(plan.methods_of(CheckName.MODEL_MANIPULATION), ready.model),
        centring=_able(_asked(plan), centred_model(ready.model), order.device),
        panel=_able(_panel(), ready.model, order.device),
        references=(_reference(order, digest, ready) for digest in at_hand),
        comparison=comparison(descriptive=False),
        windows=Windows(WITNESS.side(plan.preprocessing.shape), WITNESS.step(plan.preprocessing.shape)),
        seed=plan.seed,
        steps=plan.profile.tampering_steps,
        orders=plan.profile.tampering_orders,
        tick=order.tick,
    )
    found = check.run(study, mine, cost=order.shard.cost, keep=order.keep)
    facts = {"parity": probed(ready, mine, seed=plan.seed), "references": len(at_hand)}
    return Partial(arrays={**found.arrays, **ready.answers(mine)}, facts=facts)


def _asked(plan: Plan) -> Sequence[Bound]:
    return bound(plan.methods_of(CheckName.MODEL_MANIPULATION))


def _panel() -> Sequence[Bound]:
    return [Bound(method.value, method, parameters) for method, parameters in panel().items()]


def _able(methods: Sequence[Bound], model: Canonical, device: str) -> Explainer | None:
    """Those of ``methods`` that ``model`` has, if any."""
    defined = [method for method in methods if refusal(method, model) is None]
    return build(defined, model, batch_size=at_once(device)) if defined else None


def _reference(order: Order, digest: Digest, ready: Bench) -> tuple[Canonical, Explainer]:
    plan, judged, device = order.plan, ready.model, str(ready.batch.x.device)
    found = load(order.others[digest], input_shape=plan.preprocessing.shape, output=plan.output)
    if found.classes != judged.classes:
        raise InvalidPlan(
            "A reference model answers other classes than the model that is judged.",
            expected=f"{judged.classes} classes",
            found=f"{found.classes} classes",
            remedy="Give models of the same task.",
        )
    found.module.to(device)
    able = _able(_asked(plan), found, device)
    if able is None:
        raise InvalidPlan("A reference model has none of the plan's methods.", remedy="Leave it out.")
    return found, able
