"""Every classifier of torchvision under every kind of method, without data: does it work, and what does it take?"""
