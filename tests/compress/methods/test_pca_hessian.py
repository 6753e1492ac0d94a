import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.pca_hessian import PcaHessian
from bench.footprint.compressed import Compressed


@pytest.mark.parametrize("settings", [{}, {"loss": "kl"}, {"ranked": True}, {"ranks": {"block.conv1": 3}}])
def test_the_same_network_comes_from_the_file(settings, compressed, workbench, through_a_file):
    result = PcaHessian(rank=0.4, directions=64, **settings)(compressed, workbench)
    network = through_a_file(result)
    assert network.block.conv1.reduce.out_channels == 3
    assert workbench.finetuned == 1


@pytest.mark.parametrize("loss", ["mse", "kl"])
def test_a_direction_that_nothing_reads_goes_first(loss, workbench):
    # Outputs of the first layer are white, so that plain PCA has no choice; the second reads two of eight directions.
    torch.manual_seed(0)
    workbench.finetune = lambda network, **_: ()
    first, second = nn.Linear(workbench.example.numel(), 8, bias=False), nn.Linear(8, 10)
    network = nn.Sequential(nn.Flatten(), first, second).eval()
    images = torch.cat([images for images, _ in workbench.batches(512)])
    with torch.no_grad():
        root = torch.linalg.inv(torch.linalg.cholesky(first(images.flatten(1)).T.cov()))
        first.weight.copy_(root @ first.weight)
        second.weight.copy_(second.weight @ torch.linalg.qr(torch.randn(8, 2)).Q @ torch.randn(2, 8))
    result = PcaHessian(loss=loss, ranks={"1": 2}, directions=20_000)(Compressed(network), workbench).network(images)
    exact = network(images)
    assert float((result - exact).detach().norm()) < 0.2 * float((exact - exact.mean(0)).detach().norm())


def test_a_linear_layer_is_replaced_where_it_is_named(workbench):
    network = nn.Sequential(nn.Flatten(), nn.Linear(workbench.example.numel(), 16), nn.ReLU(), nn.Linear(16, 10))
    result = PcaHessian(ranks={"1": 4}, directions=64)(Compressed(network.eval()), workbench)
    assert result.network.get_submodule("1.reduce").out_features == 4


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ranks": {"block.conv9": 3}}, "no ungrouped convolution or linear layer.*block.conv"),
        ({"ranks": {"block.conv1": 500}}, "does not lower it"),
    ],
)
def test_ranks_that_do_not_fit_are_refused(settings, sentence, compressed, workbench):
    with pytest.raises(NotApplicable, match=sentence):
        PcaHessian(**settings)(compressed, workbench)


class Listed(nn.Module):
    """Gives a list of dictionaries, as detectors do."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return [{"scores": maps.mean((1, 2))} for maps in self.conv(x)]


@pytest.mark.parametrize("loss", ["mse", "kl"])
def test_outputs_that_are_no_tensor_are_refused(loss, workbench):
    with pytest.raises(NotApplicable, match="no tensor with a row per image"):
        PcaHessian(loss=loss, directions=8)(Compressed(Listed().eval()), workbench)


def test_kl_of_a_single_output_is_refused(workbench):
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1)).eval()
    with pytest.raises(NotApplicable, match="two or more classes"):
        PcaHessian(loss="kl", directions=8)(Compressed(network), workbench)
