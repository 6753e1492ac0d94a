from contextlib import contextmanager

import pytest
import torch
from torch import nn

from bench.compress.filters import finished, next_layer, thinning
from bench.compress.filters.channels import channels
from bench.compress.filters.finished import FinishedModules
from bench.compress.methods.thinet import Thinet
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace
from bench.zoo.networks import build


class Residual(nn.Module):
    """A block with channels that no addition joins to others."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.act = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)
        self.second = nn.Conv2d(6, 6, 3, padding=1)

    def forward(self, x):
        return x + self.second(self.act(self.norm(self.first(x))))


class Doubles(nn.Module):
    """Writes into its input, and not the same the second time."""

    def forward(self, x):
        return x.mul_(2) + 0


class Turned(nn.Module):
    """A view of its input."""

    def forward(self, x):
        return x.transpose(2, 3)


class WritesTheShortcut(Residual):
    """The addition sees what one of its parts wrote into the input."""

    def __init__(self):
        super().__init__()
        self.doubles = Doubles()

    def forward(self, x):
        return x + super().forward(self.doubles(x))


class WritesThroughAView(WritesTheShortcut):
    """The addition sees what was written into a view of the input, outside of any part."""

    def __init__(self):
        super().__init__()
        self.turned = Turned()

    def forward(self, x):
        turned = self.turned(x)
        turned += 1
        return x + Residual.forward(self, turned)


class Remembers(nn.Module):
    """Leaves its input on itself, where the network reads it."""

    def forward(self, x):
        self.seen = x
        return x * 2


class Counts(nn.Module):
    """Its output depends on how often it was called."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x / self.calls


class Reads(nn.Module):
    def __init__(self, remembers):
        super().__init__()
        self.block, self.remembers, self.last = Residual(), remembers, nn.Conv2d(6, 6, 1)

    def forward(self, x):
        return self.last(self.block(self.remembers(x))) + self.remembers.seen


class Pair(nn.Module):
    """Returns a tuple, and calls one layer twice."""

    def __init__(self):
        super().__init__()
        self.conv, self.block = nn.Conv2d(6, 6, 1), Residual()

    def forward(self, x):
        return self.block(self.conv(self.conv(x))), x


class First(nn.Module):
    def forward(self, pair):
        return pair[0] - pair[1]


STEMS = {
    "plain": lambda: [Residual(), Residual()],
    "writes into the shortcut": lambda: [WritesTheShortcut() for _ in range(3)],
    "writes through a view": lambda: [WritesThroughAView() for _ in range(3)],
    "leaves something on itself": lambda: [Reads(Remembers()), Residual()],
    "two outputs": lambda: [Pair(), First(), Residual()],
    "channels last": lambda: [Residual().to(memory_format=torch.channels_last), Residual()],
}


def network_of(stem):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        blocks = STEMS[stem]()
        return nn.Sequential(
            nn.Conv2d(3, 6, 3), *blocks, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 4)
        ).eval()


@contextmanager
def nothing_kept(self, network, group):
    yield lambda: None


def thinned(network, workbench, *, images=40):
    workbench.finetune = lambda network, **_: ()
    return Thinet(0.5, images=images, positions=5)(Compressed(network, example=workbench.example), workbench).network


def same_weights(first, second):
    state = second.state_dict()
    return all(torch.equal(tensor, state[name]) for name, tensor in first.state_dict().items())


@pytest.mark.parametrize("stem", STEMS)
def test_it_changes_no_bit_of_what_thinet_makes(stem, workbench, monkeypatch):
    workbench.batches = in_batches_of(16, workbench.batches)
    quick = thinned(network_of(stem), workbench)
    monkeypatch.setattr(FinishedModules, "kept", nothing_kept)
    assert same_weights(quick, thinned(network_of(stem), workbench))


@pytest.mark.sampled
@pytest.mark.parametrize("model", ["resnet20", "torchvision:densenet121", "torchvision:mobilenet_v3_small"])
def test_nor_of_published_networks(model, workbench, monkeypatch):
    workbench.shape, workbench.classes = (3, 32, 32), 10
    networks = [build.build(model, 3, 10, 32, 0) for _ in range(2)]
    quick = thinned(networks[0], workbench, images=4)
    monkeypatch.setattr(FinishedModules, "kept", nothing_kept)
    assert same_weights(quick, thinned(networks[1], workbench, images=4))


def in_batches_of(size, batches):
    return lambda images, batch_size=128: batches(images, size)


class Runs:
    """How often each kind of block has run, hooks aside."""

    def __init__(self, monkeypatch, kind):
        self.count, forward = 0, kind.forward

        def counted(module, x):
            self.count += 1
            return forward(module, x)

        monkeypatch.setattr(kind, "forward", counted)


def passes_over(network, workbench, images=32):
    """Prepares every group in turn and ends its pass; yields once for each."""
    example = workbench.example
    groups = [group for group in channels(network, example) if len(group.writers) == 1]
    traced = trace(network, example)
    done = FinishedModules(traced, groups)
    for group in groups:
        with done.kept(network, group) as next_batch:
            next_layer.contributions(network, group, workbench, images, 3, next_layer.calls(traced), next_batch)
        yield done


def test_what_is_finished_runs_once_a_batch(workbench, monkeypatch):
    workbench.batches = in_batches_of(8, workbench.batches)
    network = nn.Sequential(nn.Conv2d(3, 6, 3), *(Residual() for _ in range(5)), nn.AdaptiveAvgPool2d(1)).eval()
    passes = passes_over(network, workbench)
    next(passes)
    runs = Runs(monkeypatch, Residual)
    for _ in passes:
        pass
    # the pass before block n begins n - 1 blocks that are finished, of which the last two aren't kept yet
    assert runs.count <= 4 * 4 * 3


def test_parts_are_let_go_once_the_whole_is_kept(workbench):
    network = nn.Sequential(nn.Conv2d(3, 6, 3), *(Residual() for _ in range(3)), nn.AdaptiveAvgPool2d(1)).eval()
    kept = [set(done._outputs) for done in passes_over(network, workbench)]
    assert kept[0] == {"0"}
    assert kept[-1] == {"0", "1", "2"}


@pytest.mark.parametrize("room", [0, 10_000])
def test_no_more_is_kept_than_there_is_room_for(room, workbench, monkeypatch):
    monkeypatch.setattr(finished, "ROOM", room)
    network = network_of("plain")
    for done in passes_over(network, workbench):
        assert sum(tensor.nbytes for kept in done._outputs.values() for tensor in kept) <= room


@pytest.mark.parametrize("kind", [Counts, Remembers])
def test_modules_that_leave_something_behind_run_every_time(kind, workbench, monkeypatch):
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3), kind(), Residual(), Residual(), Residual(), nn.AdaptiveAvgPool2d(1)
    ).eval()
    runs = Runs(monkeypatch, kind)
    passes = sum(1 for _ in passes_over(network, workbench))
    assert passes > 2
    assert runs.count >= passes


def test_hooks_within_a_module_are_called_every_time(workbench):
    network = nn.Sequential(nn.Conv2d(3, 6, 3), *(Residual() for _ in range(4)), nn.AdaptiveAvgPool2d(1)).eval()
    seen = []
    network[1].first.register_forward_hook(lambda *_: seen.append(1))
    expected = 2 + sum(1 for _ in passes_over(network, workbench))  # the graph was looked at twice
    assert len(seen) == expected


def test_a_network_has_its_own_forwards_afterwards(workbench):
    network = network_of("plain")
    network[1].act.forward = torch.relu
    for _ in passes_over(network, workbench):
        assert [name for name, part in network.named_modules() if "forward" in vars(part)] == ["1.act"]
    assert network[1].act.forward is torch.relu


def test_a_weight_that_is_used_in_an_unknown_way_finishes_nothing(workbench):
    network = network_of("plain")
    groups = thinning.prunable(Compressed(network, example=workbench.example))
    traced = trace(network, workbench.example)
    traced.operations = [
        operation for operation in traced.operations if groups[-1].writers[0] not in operation.parameters
    ]
    done = FinishedModules(traced, groups)
    with done.kept(network, groups[-1]) as next_batch:
        next_batch()
        network(workbench.example)
    assert not done._outputs


def test_nor_where_an_addition_joins_channels(workbench, monkeypatch):
    workbench.finetune, networks = (lambda network, **_: ()), []
    for kept in (FinishedModules.kept, nothing_kept):
        monkeypatch.setattr(FinishedModules, "kept", kept)
        whole = Compressed(network_of("plain"), example=workbench.example)
        networks.append(Thinet(0.5, images=40, positions=5, channels="all")(whole, workbench).network)
    assert networks[0][1].first.in_channels == 3
    assert same_weights(*networks)
