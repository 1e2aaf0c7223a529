import torch
from torch import Tensor, nn

from benchmarks.floor import state_passes, states
from junco.contract.catalogue import Arm, CheckName
from junco.contract.plan import Cell, Shard, ShardKind


class _Counting(torch.autograd.Function):
    forwards = 0
    backwards = 0

    @staticmethod
    def forward(_ctx: object, x: Tensor) -> Tensor:
        _Counting.forwards += len(x)
        return x.clone()

    @staticmethod
    def backward(_ctx: object, *signals: Tensor) -> Tensor:
        _Counting.backwards += len(signals[0])
        return signals[0]


class _Net(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return _Counting.apply(x).flatten(1)


def test_a_shards_states_are_the_trained_model_and_every_cell_at_every_depth() -> None:
    """Two arms by three depths, and the original."""
    cells = tuple(Cell(arm=arm, seed=0) for arm in Arm)
    shard = Shard(
        index=0,
        check=CheckName.PARAMETER_RANDOMIZATION,
        kind=ShardKind.CELLS,
        images=(0, 1),
        cells=cells,
        stages=(1, 2, 4),
        cost=1,
    )
    assert states(shard) == 7


def test_a_state_costs_one_forward_and_two_backward_passes_an_image() -> None:
    """Whatever the batch size, the last batch being short."""
    _Counting.forwards = _Counting.backwards = 0
    state_passes(_Net(), torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(0)), 2)
    assert (_Counting.forwards, _Counting.backwards) == (5, 10)
