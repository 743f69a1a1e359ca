import re

import pytest

from gatekeeper.translation import library

MAINS = ["template_rule", "template_authorities", "template_coverage", "template_own"]


@pytest.mark.parametrize("main", MAINS)
def test_template_carries_every_library_that_is_imported(main):
    module = library.module(main)
    carried = library.with_imports(module)
    packages = {each.package for each in carried}
    wanted = {
        package for each in (module, *carried) for package in each.imports if package.startswith("lib.bestbefore")
    }
    assert wanted == packages


@pytest.mark.parametrize("main", MAINS)
def test_libraries_come_once_and_in_order(main):
    packages = [each.package for each in library.with_imports(library.module(main))]
    assert packages == sorted(set(packages))


@pytest.mark.parametrize("main", MAINS)
def test_template_calls_external_data_once_at_most_and_its_libraries_never(main):
    module = library.module(main)
    assert module.text.count("external_data(") <= 1
    assert all("external_data(" not in each.text for each in library.with_imports(module))


@pytest.mark.parametrize("main", MAINS)
def test_libraries_import_what_gatekeeper_takes(main):
    module = library.module(main)
    for each in (module, *library.with_imports(module)):
        for imported in re.findall(r"^import (\S+)", each.text, re.MULTILINE):
            assert imported.startswith(("data.lib.", "future.")), each.name


@pytest.mark.parametrize("main", MAINS)
def test_data_is_named_in_imports_only(main):
    # Gatekeeper rewrites references inside larger expressions not at all, and they would be undefined.
    module = library.module(main)
    for each in (module, *library.with_imports(module)):
        code = re.sub(r"^import .*$|#.*$", "", each.text, flags=re.MULTILINE)
        assert not re.search(r"\bdata\.", re.sub(r'"[^"]*"', "", code)), each.name


def test_tests_are_not_part_of_the_package():
    with pytest.raises(KeyError):
        library.module("glob_test")
