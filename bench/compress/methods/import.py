"""A network that was compressed elsewhere, read from a file for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import imports
from bench.compress.budget import Budget
from bench.compress.method import Method, NotApplicable
from bench.compress.workbench import Workbench
from bench.errors import InputError
from bench.footprint.compressed import Compressed

Epochs = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


@dataclass(frozen=True)
class Import(Method):
    """The file's weights, bit for bit, each tensor stored in the smallest way that is exact; nothing is executed.

    A file is one of: a packed file of Innards; a state dictionary (safetensors, or `.pt` with tensors alone) of dense,
    masked or fake-quantised weights; a checkpoint that PQF's authors published; one of NNCF with its configuration; one
    of Distiller with its masks. It replaces the trained network, which it is compared with as any compressed one is.

    Args:
        files: a path with `{seed}`, and `{model}` if there are several, in it; or a table of paths by seed.
        config: path of the JSON of `nncf.torch.get_config`, with the same fields, where an NNCF checkpoint lacks it.
        finetuned_epochs: how long the original was trained on while it was compressed, in epochs of the training
            images: the control is then the original, fine-tuned for as long.
        trained_epochs: how long it was trained from initial weights, if it did not start from the original.
    """

    files: Annotated[str, Field(min_length=1)] | dict[str, str] = "compressed/{model}-{seed}.pt"
    config: str | dict[str, str] = ""
    finetuned_epochs: Epochs = 0
    trained_epochs: Epochs = 0

    family = "imported"
    title = "Imported"
    version = 3
    outside: ClassVar = ("files", "config")
    networks: ClassVar = ("files",)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        if compressed.structure or compressed.representations or compressed.masks or compressed.history:
            raise NotApplicable("an imported network keeps nothing of the methods before it: put import first")
        device = next((tensor.device for tensor in compressed.network.state_dict().values()), "cpu")
        try:
            config = workbench.file(self.config) if self.config else None
            imported = imports.networks.read(
                workbench.file(self.files), config, compressed.network, workbench.example.cpu()
            )
        except InputError as error:
            raise NotApplicable(str(error)) from error
        workbench.was_trained(self.budget(0, 0))
        masks = {name: mask.to(device) for name, mask in imported.masks.items()}
        return imported.but(network=imported.network.to(device), masks=masks, example=compressed.example)

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(self.finetuned_epochs, self.trained_epochs)
