"""`python -m bench.sweep.thinning`: does each network without half of its channels compute what the masked one does?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.sweep.bounded import Bounds
from bench.sweep.pairs import classifiers
from bench.sweep.thinning import record, table

DONE, FAULTS = 0, 1
TRANSFORMERS = ("vit_", "swin_", "maxvit")  # whose windows or positions fit images of 224 pixels


def main(arguments: list[str] | None = None) -> int:
    """Work what is not recorded yet, the smallest networks first, and write the table after each.

    Returns:
        1 if a thinned network computes something else, or ended in an error that is no sentence, else 0.
    """
    options = _options(arguments)
    bounds = Bounds(options.seconds, options.memory * 2**30)
    for number, network in enumerate(options.networks, 1):
        size = 224 if network.startswith(TRANSFORMERS) else 128
        outcome = record.known(options.kept, network, options.share, size, bounds)
        if outcome is None or (options.again and outcome.state != "works"):
            outcome = record.work(options.kept, network, options.share, size, bounds)
            print(f"{number}/{len(options.networks)}  {network}  {outcome.sentence()}", flush=True)
        if options.out:
            options.out.write_text(table.markdown(record.everything(options.kept), by_size()), encoding="utf-8")
    return FAULTS if any(outcome.state == "fault" for outcome in record.everything(options.kept)) else DONE


def by_size() -> list[str]:
    """Torchvision's classifiers, the smallest first."""
    import torchvision

    sizes = {name: torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"] for name in classifiers()}
    return sorted(sizes, key=lambda name: (sizes[name], name))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sweep.thinning", description=__doc__, allow_abbrev=False)
    parser.add_argument("--networks", nargs="+", metavar="NAME", help="of torchvision (default: all its classifiers)")
    parser.add_argument("--share", type=float, default=0.5, help="of channels to take out (default: 0.5)")
    parser.add_argument("--seconds", type=int, default=1800, help="of processor time, for one network (default: 1800)")
    parser.add_argument("--memory", type=int, default=8, help="GiB, for one network (default: 8)")
    parser.add_argument("--again", action="store_true", help="work again what was refused or failed")
    parser.add_argument("--kept", type=Path, default=Path("runs/.sweep-thinning"), metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there, e.g. docs/thinning.md")
    options = parser.parse_args(arguments)
    options.networks = options.networks or by_size()
    return options


if __name__ == "__main__":
    sys.exit(main())
