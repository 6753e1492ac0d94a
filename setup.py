"""What pyproject.toml cannot say: `templates/` stays at the top level and is installed as `bench/templates/`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["bench", "bench.*"]), "bench.templates.html", "bench.templates.latex"],
    package_dir={"bench.templates.html": "templates/html", "bench.templates.latex": "templates/latex"},
    package_data={
        "bench": ["profiles/*.toml", "*/references.bib", "render/published.toml", "data/*.txt"],
        "bench.templates.html": ["*"],
        "bench.templates.latex": ["*"],
    },
)
