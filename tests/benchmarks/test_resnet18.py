import torch

from benchmarks import resnet18


def test_the_network_has_resnet_18s_size() -> None:
    """11,689,512 parameters, as He et al. and torchvision count them."""
    assert sum(p.numel() for p in resnet18.build().parameters()) == 11_689_512


def test_the_same_seed_builds_the_same_network_and_leaves_the_global_stream_alone() -> None:
    """A peer's process can build what this one has."""
    before = torch.random.get_rng_state()
    a, b = resnet18.build(3).state_dict(), resnet18.build(3).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert torch.equal(before, torch.random.get_rng_state())
