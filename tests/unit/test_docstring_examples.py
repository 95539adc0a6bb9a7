"""The examples in docstrings return the documented results."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import dagster_nb

MODULES = [module.name for module in pkgutil.walk_packages(dagster_nb.__path__, "dagster_nb.")]


@pytest.mark.parametrize("name", [name for name in MODULES if ".definitions" not in name and "__main__" not in name])
def test_the_examples_in_docstrings_give_the_documented_results(name):
    module = importlib.import_module(name)
    ran = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert ran.failed == 0
