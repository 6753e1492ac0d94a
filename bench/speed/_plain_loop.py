"""The loop in most code: a DataLoader with per-image torchvision transforms, float32, the default optimizer."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from bench.data import Split
from bench.training.recipe import Recipe


class TransformedImages(Dataset):
    """Images as torchvision's CIFAR sets yield them: transformed one by one.

    Args:
        mean, std: of each channel, on the 0..1 scale.
    """

    def __init__(self, split: Split, recipe: Recipe, mean: Sequence[float], std: Sequence[float]):
        # Crop and flip as the recipe has them: the same work, image by image.
        self.split = split
        size = split.images.shape[-1]
        steps = [
            transforms.ToPILImage(),
            transforms.RandomCrop(size, padding=recipe.crop_padding, padding_mode="reflect"),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = self.split.images[index].transpose(1, 2, 0)
        return self.transform(image), int(self.split.labels[index])


def make_loader(images: TransformedImages, recipe: Recipe, device: torch.device) -> DataLoader:
    """A shuffled loader of whole batches."""
    # Worker processes help a GPU; on a CPU they would take cores from the network.
    workers = min(8, os.cpu_count() or 1) if device.type == "cuda" else 0
    return DataLoader(
        images,
        recipe.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )


def train_epoch(network: nn.Module, loader: DataLoader, recipe: Recipe, device: torch.device) -> float:
    """One epoch in place, the network being on the device already; returns the last loss."""
    network.train()
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=len(loader))
    for images, labels in loader:
        optimizer.zero_grad()
        logits = network(images.to(device, non_blocking=True))
        loss = functional.cross_entropy(
            logits, labels.to(device, non_blocking=True), label_smoothing=recipe.label_smoothing
        )
        loss.backward()
        optimizer.step()
        schedule.step()
    return loss.item()
