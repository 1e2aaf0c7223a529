"""Networks trained once, on one thread, from seeds of their own; a run that was stopped goes on at its last epoch."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.replicate.data import clothes
from benchmarks.replicate.nets import RECIPES, SHAPE, Recipe
from benchmarks.replicate.work import OUT, kept, save
from tests.truth.models import as_torchscript

_BATCH = 100


@dataclass(frozen=True)
class Trained:
    """A network as a TorchScript file, and its accuracy on the 10,000 test pictures."""

    name: str
    file: Path
    accuracy: float


def trained(name: str) -> Trained:
    """The network called ``name``; exits where it has not learned enough for anything to follow from it."""
    recipe, file = RECIPES[name], OUT / f"{name}.pt"

    def learn() -> dict[str, object]:
        network = _learned(name, recipe)
        save(file, as_torchscript(network, SHAPE, "traced"))
        return {"accuracy": _accuracy(network), "epochs": recipe.epochs}

    accuracy = float(kept(f"trained_{name}", learn)["accuracy"])
    if accuracy < recipe.least:
        raise SystemExit(f"{name} reached {accuracy:.1%} of the test pictures, and {recipe.least:.0%} are needed.")
    return Trained(name, file, accuracy)


def _learned(name: str, recipe: Recipe) -> nn.Module:
    checkpoint = OUT / f"{name}.checkpoint"
    network = recipe.build()
    _start(network, seed=0)
    adam = torch.optim.Adam(network.parameters(), lr=recipe.rate)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        adam.load_state_dict(state["adam"])
        done = int(state["epochs"])
    for epoch in range(done, recipe.epochs):
        loss = _epoch(network, adam, recipe, epoch)
        print(f"  {name}: epoch {epoch + 1} of {recipe.epochs}, loss {loss:.3f}", flush=True)
        buffer = BytesIO()
        torch.save({"network": network.state_dict(), "adam": adam.state_dict(), "epochs": epoch + 1}, buffer)
        save(checkpoint, buffer.getvalue())
    return network.eval().requires_grad_(False)


def _start(network: nn.Module, *, seed: int) -> None:
    """He et al. 2015 for weights, zero biases, small tokens and positions, all from one generator."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                spread = (2 / module.weight[0].numel()) ** 0.5
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * spread)
                assert module.bias is not None
                module.bias.zero_()
        for parameter in network.parameters(recurse=False):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)


def _epoch(network: nn.Module, adam: torch.optim.Adam, recipe: Recipe, epoch: int) -> float:
    data = clothes("train")
    x, labels = data.x, torch.from_numpy(data.labels)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(epoch))
    parts = torch.split(order, _BATCH)
    total = 0.0
    network.train()
    for number, rows in enumerate(parts):
        left = 1 - (epoch + number / len(parts)) / recipe.epochs
        for group in adam.param_groups:
            group["lr"] = recipe.rate * left
        adam.zero_grad()
        loss = functional.cross_entropy(network(x[rows]), labels[rows])
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        adam.step()
        total += float(loss.detach())
    return total / len(parts)


def _accuracy(network: nn.Module) -> float:
    data = clothes("test")
    with torch.no_grad():
        said: Tensor = torch.cat([network(part).argmax(1) for part in torch.split(data.x, 500)])
    return float((said.numpy() == data.labels).mean())
