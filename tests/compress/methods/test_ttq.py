from bench.compress.methods.ttq import Ttq
from bench.footprint.representation import Codebook
from tests.compress.methods.quantising import check_learned_ends_and_inputs, check_three_values, check_zeros_stay


def test_three_values_a_layer_come_back_from_the_file(compressed, workbench, through_a_file):
    check_three_values(Ttq, Codebook, compressed, workbench, through_a_file)


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    check_zeros_stay(Ttq, compressed, workbench, through_a_file)


def test_inputs_and_the_ends_may_be_quantised_by_learned_steps(compressed, workbench, through_a_file):
    check_learned_ends_and_inputs(Ttq, compressed, workbench, through_a_file)
