"""The mark `sampled`: of a test's many cases one of each kind is quick, and the rest are slow."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before pytest leaves the slow ones out
def pytest_collection_modifyitems(items):
    """Call all cases slow but the first, or the first of each value of the arguments that the mark names."""
    seen = set()
    for item in items:
        marker = item.get_closest_marker("sampled")
        if marker is None:
            continue
        cases = item.callspec.params if hasattr(item, "callspec") else {}
        if not cases or any(name not in cases for name in marker.args):
            raise pytest.UsageError(f"{item.nodeid} is sampled by {marker.args or 'its cases'}, which it has not")
        kind = item.path, item.cls, item.originalname, *(repr(cases[name]) for name in marker.args)
        if kind in seen:
            item.add_marker(pytest.mark.slow)
        seen.add(kind)
