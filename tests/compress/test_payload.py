"""A method that is asked for a payload."""

import pytest

from bench.compress import payload, variant
from bench.compress.method import NotApplicable
from bench.compress.variant import from_spec
from bench.errors import InputError
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


def taken(compressed):
    return sizes(pack(finish(compressed), {})).payload_bytes


@pytest.mark.parametrize("label", ["magnitude", "magnitude-finetune", "li", "svd", "group-magnitude", "lamp", "snip"])
@pytest.mark.parametrize("share", [0.7, 0.5])
def test_the_payload_is_met_and_nearly_used(label, share, compressed, workbench):
    most = int(share * taken(compressed))
    result = variant.parse(f"{label}:bytes={most}").apply(compressed, workbench)
    assert taken(result) <= most
    # two layers of eight filters: a filter of the wider layers takes up to 600 bytes
    assert taken(result) > most - (700 if label in ("li", "group-magnitude", "svd") else 80)


def test_a_weaker_setting_would_take_more(compressed, workbench):
    method = payload.met(
        variant.parse("magnitude").stages[0].method, "sparsity", (0.0, 1.0), 3000, compressed, workbench
    )
    weaker = variant.parse(f"magnitude:sparsity={method.sparsity - 1 / 1024}")
    assert taken(variant.parse(f"magnitude:sparsity={method.sparsity}").apply(compressed, workbench)) <= 3000
    assert taken(weaker.apply(compressed, workbench)) > 3000


def test_a_share_is_of_the_network_that_the_chain_starts_from(compressed, workbench):
    half = taken(compressed) // 2
    chains = ("magnitude:bytes=50%", "recalibrate+magnitude:bytes=50%", "magnitude:sparsity=0.3+magnitude:bytes=50%")
    for label in chains:
        assert half - 80 < taken(variant.parse(label).apply(compressed, workbench)) <= half
    asked = variant.parse("magnitude:bytes=12.5%")
    assert asked.spec()[0]["settings"]["bytes"] == 0.125
    assert from_spec(asked.spec()).stages[0].payload == 0.125
    assert asked.title == "Magnitude (12.5%)"


def test_bits_are_the_most_that_fit(compressed, workbench):
    eight, four = (taken(variant.parse(f"k-bit:bits={bits}").apply(compressed, workbench)) for bits in (8, 4))
    for most, bits in ((eight, 8), (eight - 1, 6), (four, 4)):
        result = variant.parse(f"k-bit:bytes={most}").apply(compressed, workbench)
        assert {stored.bits for stored in result.representations.values()} == {bits}


def test_training_runs_once_at_the_strength_that_was_found(compressed, workbench):
    variant.parse("magnitude-finetune:bytes=3kB").apply(compressed, workbench)
    assert workbench.finetuned == 1


def test_what_is_too_little_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="100 bytes are asked for, and with bits 3, the strongest that works"):
        variant.parse("k-bit:bytes=100").apply(compressed, workbench)


def test_strengths_that_are_refused_count_as_too_strong(compressed, workbench):
    with pytest.raises(NotApplicable, match=r"each layer keeps it is still [0-9,]+ large, and 500 are asked for"):
        variant.parse("group-magnitude:bytes=500,least=0.5").apply(compressed, workbench)
    with pytest.raises(NotApplicable, match="is stored as integer already"):
        variant.parse("k-bit+magnitude:bytes=2kB").apply(compressed, workbench)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("float16:bytes=20kB", "method 'float16' cannot be asked for bytes: no setting says how strong it is"),
        ("pqf:bytes=20kB", "blocks and words say together"),
        ("magnitude:bytes=many", "setting 'bytes': expected a size such as 20kB, .* given 'many'"),
        ("magnitude:bytes=0", "expected a size such as 20kB, or a share of the original's such as 25%, given 0"),
        ("magnitude:bytes=100%", "given '100%'"),
        ("magnitude:bytes=0%", "given '0%'"),
        ("magnitude:bytes=0.5kBit", "given '0.5kBit'"),
        ("magnitude:bytes=20kB,sparsity=0.5", "'bytes' decides its 'sparsity', give one of them"),
        ("magnitude:byte=20kB", "method 'magnitude'.*'byte'"),
    ],
)
def test_what_cannot_be_asked_is_said(label, words):
    with pytest.raises(InputError, match=words):
        variant.parse(label).check()


def test_the_size_is_part_of_name_title_and_key():
    asked = variant.parse("magnitude:bytes=20kB")
    assert (asked.label, asked.title) == ("magnitude:bytes=20kB", "Magnitude (20kB)")
    assert asked.spec()[0]["settings"]["bytes"] == 20_000
    assert "bytes" not in variant.parse("magnitude").spec()[0]["settings"]
    assert from_spec(asked.spec()).stages[0].payload == 20_000
    assert variant.parse("magnitude:bytes=20000").spec() == asked.spec()
