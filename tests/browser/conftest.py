"""Fixtures. Without Chromium these tests are skipped, each with that reason; with BROWSER_REQUIRED in
the environment they fail.

`page`  the explorer of the stub, freshly opened; afterwards nothing may have been asked of another
        origin, nothing stopped by the policy and nothing thrown by a script
"""

import os

import pytest

from browser.stub import Stub
from browser.webdriver import Browser, missing


@pytest.fixture(scope="session")
def browser():
    absent = missing()
    if absent:
        tell = pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip
        tell(f"{absent} not installed: script/bootstrap --browser")
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def stub(browser):
    stub = Stub()
    yield stub
    stub.close()


def opened(browser, origin: str):
    """Opens the explorer of `origin`; a generator, as the checks come after the test."""
    browser.requested(), browser.log("browser")
    browser.resize(1320, 1000)
    browser.open(f"{origin}/explorer")
    browser.wait_for("#sign-in-form")
    yield browser
    assert browser.run("return window.stopped_by_policy") == []
    outside = [address for address in browser.requested() if not address.startswith(f"{origin}/")
               and address != "data:,"]
    assert outside == [], "the page asked for what is not of its own server"
    # That a call was refused is logged as well, and is what some tests are about.
    errors = [entry["message"] for entry in browser.log("browser")
              if entry["source"] not in ("network",)]
    assert errors == []


@pytest.fixture
def page(browser, stub):
    yield from opened(browser, stub.url)
