"""One site for the tests that only ask, and a browser where there is one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from simulator.explorer.site import Site
from tests.explorer.pages import CHROMIUM, FLAGS, Client, copy_scenarios, open_site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return open_site(copy_scenarios(tmp_path_factory.mktemp("work")))


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Client]:
    with served(site) as address:
        yield Client(address, site.token)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that the browser's tests share."""
    with served(open_site(copy_scenarios(tmp_path_factory.mktemp("served")))) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a screen; its absence is a failure where SIMULATE_REQUIRE_BROWSER is set."""
    if CHROMIUM is None or not Path(CHROMIUM).exists():
        reason = "no chromium on this machine; set SIMULATE_CHROMIUM or install Debian's chromium"
        if os.environ.get("SIMULATE_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        found.close()
