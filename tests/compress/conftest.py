import pytest
import torch
from torch import nn

from bench.footprint.compressed import Compressed


class Bench:
    """A workbench with seeded noise for images, whose fine-tuning nudges every weight and counts its calls."""

    seed = 0
    epochs = 2.0

    def __init__(self, shape=(3, 8, 8), classes=4):
        self.shape, self.classes, self.finetuned, self.distilled, self.epochs_used = shape, classes, 0, 0, []
        self.trained = 0

    @property
    def example(self):
        return next(self.batches(1))[0]

    def batches(self, images, batch_size=128):
        generator = torch.Generator().manual_seed(1)
        for start in range(0, images, batch_size):
            count = min(batch_size, images - start)
            labels = torch.randint(self.classes, (count,), generator=generator)
            yield torch.randn(count, *self.shape, generator=generator), labels

    def loss(self, network, images, targets):
        return nn.functional.cross_entropy(network(images), targets)

    def divided(self, epochs, parts):
        return [epochs / parts] * parts

    def initial(self):
        return self.fresh()

    def original(self):
        return make_tiny(0)

    def fresh(self):
        return make_tiny(1)

    def train(self, network, *, distill=False, after_step=None):
        self.trained += 1
        return self.finetune(network, distill=distill, after_step=after_step)

    def finetune(
        self,
        network,
        *,
        epochs=None,
        learning_rate=None,
        parameters=None,
        before_step=None,
        after_step=None,
        distill=False,
    ):
        self.finetuned += 1
        self.distilled += distill
        self.epochs_used.append(self.epochs if epochs is None else epochs)
        network.train()
        optimizer = torch.optim.SGD(list(parameters or network.parameters()), lr=0.05)
        for step, (images, labels) in enumerate(self.batches(64, 32)):
            if before_step:
                before_step(step, 2)
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
            if after_step:
                after_step(step, 2)
        network.eval()
        return ({"epoch": 1, "loss": 1.0, "learning_rate": 0.05},)


class Block(nn.Module):
    """A residual block, so that methods meet an addition."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()

    def forward(self, x):
        return self.relu2(x + self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))))


class Tiny(nn.Module):
    """Convolution, batch normalisation with statistics of its own, a residual block, and a classifier."""

    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.block = Block(width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(width, 4)

    def forward(self, x):
        return self.fc(self.pool(self.block(self.relu(self.bn(self.conv(x))))).flatten(1))


def make_tiny(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Tiny()
        network.train()
        with torch.no_grad():
            for _ in range(3):
                network(torch.randn(16, 3, 8, 8) * 2 + 1)
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.weight.uniform_(0.5, 1.5)
                    module.bias.uniform_(-0.5, 0.5)
    return network.eval()


@pytest.fixture
def tiny():
    return make_tiny()


@pytest.fixture
def fresh():
    """A tiny network with other weights, as a packed file is read into."""
    with torch.random.fork_rng():
        torch.manual_seed(99)
        return Tiny().eval()


@pytest.fixture
def compressed(tiny, workbench):
    return Compressed(tiny, example=workbench.example)


@pytest.fixture
def workbench():
    return Bench()


@pytest.fixture
def through_a_file(fresh, workbench):
    """Finish, pack and unpack; checks that the file's network computes what the simulated one does."""
    from bench.footprint.fold import finish
    from bench.footprint.packed import pack, unpack

    def check(result):
        finished = finish(result)
        network = unpack(pack(finished, {"name": "tiny"}), fresh).eval()
        images = next(workbench.batches(16))[0]
        with torch.inference_mode():
            torch.testing.assert_close(network(images), finished.network(images), rtol=1e-5, atol=1e-5)
        return network

    return check
