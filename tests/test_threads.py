import os

import torch


def test_a_bare_run_of_the_tests_takes_one_thread_a_process():
    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])
