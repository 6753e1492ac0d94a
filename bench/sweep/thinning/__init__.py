"""Every classifier of torchvision without half of its channels: does it compute what the masked one does?"""
