import io
import json

import pytest
import safetensors
import safetensors.torch
import torch

from bench import registry
from bench.compress.variant import PACKAGE as METHODS
from bench.deploy import format, network
from bench.deploy.openvino_runtime import openvino
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import header_of, pack
from bench.zoo.networks import build
from tests.footprint.conftest import lived_in

QUICK = ("original", "nncf-int8-ptq", "xnor-net", "li")
ROUNDED = 0.05  # of the largest logit: a value halfway between two codes may fall either way in another runtime
EXACT = 1e-5


ROUNDS_INPUTS = ("xnor-net", "pact", "lsq-plus")
EVERY = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in registry.names(METHODS)]


def load_state_dict(exported, packed):
    plain = packed.fresh()
    plain.load_state_dict(safetensors.torch.load(exported.files[".safetensors"]), strict=True)
    with torch.no_grad():
        return plain.eval()(packed.images)


def load_program(exported, packed):
    with torch.no_grad():
        return torch.export.load(io.BytesIO(exported.files[".pt2"])).module()(packed.images)


def load_onnx(exported, packed):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(exported.files[".onnx"], providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"images": packed.images.numpy()})[0])


def compiled(exported):
    core = openvino().Core()
    model = core.read_model(exported.files[".xml"], exported.files[".bin"])
    return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def load_openvino(exported, packed):
    return torch.from_numpy(compiled(exported)(packed.images.numpy())[0])


LOADERS = {
    "state-dict": load_state_dict,
    "torch-export": load_program,
    "onnx": load_onnx,
    "openvino": load_openvino,
}


def export(packed, name, **options):
    for package in format.registry.subclass(format.PACKAGE, name, format.Format, "format").needs:
        pytest.importorskip(package)
    return format.export(network.read(packed.file), name, **options)


def apart(logits, packed):
    """Largest difference, as a share of the largest logit."""
    return float((logits - packed.logits).abs().max() / packed.logits.abs().max())


def test_there_is_a_way_to_load_every_format():
    assert set(LOADERS) == set(registry.names(format.PACKAGE))


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("method", EVERY)
def test_what_is_exported_answers_as_the_packed_network(method, name, packed):
    # 33 images at once, where two were traced.
    file = packed(method)
    try:
        exported = export(file, name)
    except InputError as refusal:
        assert name == "state-dict" and "no place for" in str(refusal)
        assert "nncf" in method or method in ROUNDS_INPUTS
        return
    if exported.note:
        assert name == "state-dict" and "does not take" in exported.note
        return
    logits = LOADERS[name](exported, file)
    assert logits.shape == file.logits.shape
    in_codes = name in ("onnx", "openvino") and "int8" in method and "nncf" in method
    assert apart(logits, file) <= (ROUNDED if in_codes else EXACT)


@pytest.mark.parametrize("method", ("li", "svd"))
def test_weights_of_other_shapes_load_where_the_structure_is_the_same(method, packed):
    file = packed(method)
    exported = export(file, "state-dict")
    assert exported.note
    state = safetensors.torch.load(exported.files[".safetensors"])
    loaded = network.read(file.file).network
    weights = {name: tensor for name, tensor in loaded.state_dict().items() if name.endswith("weight")}
    assert len(weights) >= 8 and all(torch.equal(tensor, state[name]) for name, tensor in weights.items())
    assert [step["kind"] for step in steps_of(exported)] == [step["kind"] for step in header_of(file.file).structure]


def steps_of(exported):
    content = exported.files[".safetensors"]
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return json.loads(header["structure"])


@pytest.mark.parametrize("method", ["original", "nncf-int8-ptq", "xnor-net", "k-means", "bwn"])
def test_the_module_answers_as_the_packed_network(method, packed):
    file = packed(method)
    with torch.no_grad():
        assert apart(network.read(file.file).network(file.images), file) <= 1e-6


def test_merged_normalisations_are_pytorchs_own_again():
    about = {"name": "wrn16-4", "channels": 1, "classes": 10, "size": 8}
    start = lived_in(build.build("wrn16-4", 1, 10, 8, 0))
    file = pack(finish(Compressed(start, example=torch.zeros(1, 1, 8, 8))), about)
    loaded = network.read(file).network
    assert {type(module).__module__.partition(".")[0] for module in loaded.modules()} == {"torch", "bench"}
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in loaded.modules())
    assert not any(type(module).__name__ == "Affine" for module in loaded.modules())
    images = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    state = safetensors.torch.load(format.export(network.read(file), "state-dict").files[".safetensors"])
    plain = build.build("wrn16-4", 1, 10, 8, 1)
    plain.load_state_dict(state)
    with torch.no_grad():
        expected = start(images)
        for other in (loaded, plain.eval()):
            assert torch.allclose(other(images), expected, atol=1e-4 * float(expected.abs().max()))


def test_integers_of_nncf_stay_integers_in_openvino(packed):
    pytest.importorskip("openvino")
    exported = export(packed("nncf-int8-ptq"), "openvino")
    kernels = [operation.get_rt_info() for operation in compiled(exported).get_runtime_model().get_ops()]
    layers = [
        kernel["runtimePrecision"].astype(str)
        for kernel in kernels
        if kernel["layerType"].astype(str) in ("Convolution", "FullyConnected")
    ]
    assert len(layers) == 8 and set(layers) <= {"i8", "u8"}
    assert len(exported.files[".bin"]) < 0.3 * len(export(packed("original"), "openvino").files[".bin"])


def test_integers_of_nncf_stay_integers_in_onnx(packed):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(export(packed("nncf-int8-ptq"), "onnx").files[".onnx"])
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    made = {output: node for node in model.graph.node for output in node.output}
    weights = [made[node.input[1]] for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(weights) == 8
    for node in weights:
        while node.op_type != "DequantizeLinear":
            node = made[node.input[0]]
        assert kinds[node.input[0]] == onnx.TensorProto.INT8


def test_files_say_how_images_are_prepared(packed):
    file = packed("original")
    deployed = network.read(file.file)
    recorded = deployed.preprocessing.normalising_by([0.3], [0.4])
    deployed = network.Deployed(**{**vars(deployed), "preprocessing": recorded})
    extra = {"preprocessing.json": ""}
    torch.export.load(io.BytesIO(format.export(deployed, "torch-export").files[".pt2"]), extra_files=extra)
    facts = json.loads(extra["preprocessing.json"])
    assert facts["preprocessing"] == {"size": 8, "channels": 1, "mean": [0.3], "std": [0.4]}
    assert facts["model"] == "resnet8" and facts["classes"] == 10
    content = format.export(deployed, "state-dict").files[".safetensors"]
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    assert json.loads(header["preprocessing"]) == facts["preprocessing"]
    if not all(map(format.importlib.util.find_spec, ("onnx", "onnxscript"))):
        return
    import onnx

    model = onnx.load_from_string(format.export(deployed, "onnx").files[".onnx"])
    props = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(props["preprocessing"]) == facts["preprocessing"]
    assert [axis.dim_param or axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim] == [
        "batch", 1, 8, 8
    ]  # fmt: skip
    assert "/" not in "".join(prop.value for node in model.graph.node for prop in node.metadata_props)
    if format.importlib.util.find_spec("openvino"):
        files = format.export(deployed, "openvino").files
        info = openvino().Core().read_model(files[".xml"], files[".bin"]).get_rt_info()["innards"]
        assert json.loads(info["preprocessing"].astype(str)) == facts["preprocessing"]


@pytest.mark.parametrize("name", ["torch-export", "onnx"])
def test_a_graph_that_normalises_takes_pixels(name, packed):
    file = packed("original")
    deployed = network.read(file.file)
    recorded = deployed.preprocessing.normalising_by([0.3], [0.4])
    deployed = network.Deployed(**{**vars(deployed), "preprocessing": recorded})
    for package in format.registry.subclass(format.PACKAGE, name, format.Format, "format").needs:
        pytest.importorskip(package)
    exported = format.export(deployed, name, normalise=True)

    class Pixels:
        images = file.images * 0.4 + 0.3

    assert apart(LOADERS[name](exported, Pixels), file) <= EXACT


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("onx", {}, "unknown format 'onx': did you mean 'onnx'"),
        ("state-dict", {"normalise": True}, "holds no graph"),
        ("torch-export", {"normalise": True}, "normalisation is not recorded"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(name, options, words, packed):
    with pytest.raises(InputError, match=words) as error:
        format.export(network.read(packed("original").file), name, **options)
    assert len(error.value.problems) == 1


class Boxes(torch.nn.Module):
    def forward(self, images):
        return [{"boxes": image} for image in images]


class Decides(torch.nn.Module):
    """Its way depends on how many images there are."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, images):
        with torch.no_grad():
            strong = bool(torch.tensor(float(len(images) > 2)) > 0.5) if not torch.compiler.is_compiling() else False
        return images.flatten(1) * self.scale * (2 if strong else 1)


@pytest.mark.parametrize("make", [Boxes, Decides])
@pytest.mark.parametrize("name", ["torch-export", "onnx"])
def test_networks_without_one_graph_are_refused(name, make, capfd):
    start = make().eval()
    if not list(start.parameters()):
        start.unused = torch.nn.Linear(1, 1)
    file = pack(Compressed(start), {"name": "mine:net", "channels": 1, "classes": 64, "size": 8})
    for package in format.registry.subclass(format.PACKAGE, name, format.Format, "format").needs:
        pytest.importorskip(package)
    with pytest.raises(InputError) as error:
        format.export(network.read(file, start), name)
    assert len(error.value.problems) == 1 and "\n" not in error.value.problems[0]
    printed = capfd.readouterr()
    assert "forward" not in printed.out + printed.err


def test_an_extra_that_is_missing_is_named(packed, monkeypatch):
    monkeypatch.setattr(format.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"onnx needs onnx, which is not installed: pip install 'innards\[export\]'"):
        format.find("onnx")


def test_files_are_written_whole_or_not_at_all(packed, tmp_path):
    exported = format.Exported({".bin": b"numbers", ".xml": b"graph"})
    paths = format.write(exported, tmp_path / "net.xml")
    assert [path.name for path in paths] == ["net.bin", "net.xml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.bin", "net.xml"]
    with pytest.raises(InputError, match="cannot be written"):
        format.write(exported, tmp_path / "net.xml" / "no" / "net.xml")
    assert (tmp_path / "net.xml").read_bytes() == b"graph"
