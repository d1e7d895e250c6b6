"""A browser, driven over WebDriver (https://www.w3.org/TR/webdriver2/): plain HTTP and JSON."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import requests

CALL_SECONDS_MAX = 60
WAIT_SECONDS_MAX = 15
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that the standard gives a reference
KEYS = {"enter": "\ue007", "escape": "\ue00c", "space": " ", "tab": "\ue004",
        "left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015",
        "end": "\ue010", "home": "\ue011"}
# Runs before any script of each page: what the policy stops is remembered from the start.
WATCH = """
window.stopped_by_policy = [];
document.addEventListener("securitypolicyviolation", (event) => window.stopped_by_policy.push(
  event.effectiveDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


def missing() -> str:
    """Which program of the two that are needed is not installed; empty when none is missing."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return " and ".join(absent)


class WebDriverError(RuntimeError):
    pass


class Element:
    def __init__(self, browser: "Browser", reference: str):
        self.browser = browser
        self.path = f"/element/{reference}"

    @property
    def text(self) -> str:
        return self.browser.ask("GET", f"{self.path}/text")

    def attribute(self, name: str):
        return self.browser.ask("GET", f"{self.path}/attribute/{name}")

    def click(self) -> None:
        self.browser.ask("POST", f"{self.path}/click", {})

    def write(self, text: str) -> None:
        self.browser.ask("POST", f"{self.path}/clear", {})
        self.browser.ask("POST", f"{self.path}/value", {"text": text})

    def label(self) -> str:
        """The name that a screen reader says, as the browser computes it."""
        return self.browser.ask("GET", f"{self.path}/computedlabel")


class Browser:
    """One headless Chromium with a profile of its own, and the program that drives it."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="agentauth-browser-"))
        self.session = requests.Session()
        self.session.trust_env = False
        self.url = None
        environment = {**os.environ, "HOME": str(self.root), "TMPDIR": str(self.root)}
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], env=environment, cwd=self.root, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self._start(self._port())
        except BaseException:
            self.close()
            raise

    def _port(self) -> int:
        for line in self.process.stdout:
            found = re.search(r"successfully on port (\d+)", line)
            if found:
                # The rest is read and dropped, so that the program never waits for a reader.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return int(found.group(1))
        raise WebDriverError("chromedriver ended before it named its port")

    def _start(self, port: int) -> None:
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--hide-scrollbars", "--window-size=1320,1000",
                     f"--user-data-dir={self.root / 'profile'}"]
        # Chromium's sandbox starts neither for root nor in most containers; the pages are ours.
        arguments.append("--no-sandbox")
        wanted = {"browserName": "chrome",
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                  "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments}}
        self.url = f"http://127.0.0.1:{port}"
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.url += f"/session/{made['sessionId']}"
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.open("about:blank")
        self.log("performance")  # what the browser's own first page asked for

    def close(self) -> None:
        try:
            if self.url is not None and "/session/" in self.url:
                self.ask("DELETE", "")
        except (WebDriverError, requests.RequestException):
            pass  # it is ended below
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    # The protocol.

    def ask(self, method: str, path: str, body=None):
        answer = self.session.request(method, self.url + path, timeout=CALL_SECONDS_MAX,
                                      json=body if method == "POST" else None)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise WebDriverError(f"{method} {path}: {value['error']}: {value['message'][:500]}")
        return value

    def devtools(self, command: str, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def log(self, kind: str) -> list:
        """What was logged since the last call: "browser" or "performance"."""
        return self.ask("POST", "/se/log", {"type": kind})

    # What a test does with it.

    def open(self, address: str) -> None:
        self.ask("POST", "/url", {"url": address})

    def run(self, script: str, *arguments):
        """The value that the script returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str) -> Element:
        found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
        return Element(self, found[ELEMENT])

    def find_all(self, selector: str) -> list:
        found = self.ask("POST", "/elements", {"using": "css selector", "value": selector})
        return [Element(self, one[ELEMENT]) for one in found]

    def focused(self) -> Element:
        return Element(self, self.ask("GET", "/element/active")[ELEMENT])

    def press(self, *names: str) -> None:
        """Presses keys, by name or as they are, on whatever has the focus."""
        keys = [KEYS.get(name, name) for name in names]
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def wait(self, script: str, *arguments):
        """Waits until the script returns something true, and returns that."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not (value := self.run(script, *arguments)):
            assert time.monotonic() < deadline, f"still not so: {script} {arguments}"
            time.sleep(0.03)
        return value

    def wait_for(self, selector: str) -> Element:
        """Waits until there is one that is shown."""
        self.wait("const found = document.querySelector(arguments[0]);"
                  "return found !== null && found.getClientRects().length > 0", selector)
        return self.find(selector)

    def evaluate(self, expression: str):
        """The value of an expression, which may be a promise."""
        result = self.devtools("Runtime.evaluate", expression=expression, awaitPromise=True,
                               returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def resize(self, width: int, height: int, scheme="light") -> None:
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file) -> None:
        picture = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        Path(file).write_bytes(base64.b64decode(picture["data"]))

    def requested(self) -> list:
        """The addresses that were asked for since the last call of this."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
