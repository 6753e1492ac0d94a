"""Sources of images, one per file; each offers one subclass of `bench.data.source.Source`."""
