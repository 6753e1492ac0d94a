"""A headless Chromium at the other end of a pipe (Chrome DevTools Protocol), where there is one."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

PATIENCE = 150  # seconds; axe looks at every element
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39, "b": 66}
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a headless browser, and what it asked for and complained about."""

    def __init__(self, program: str, folder: str):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def wire() -> None:
            # The protocol is on descriptors 3 and 4; copies keep either from being closed by the other's move.
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=wire,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._count, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self(f"{domain}.enable")
        self("Page.setLifecycleEventsEnabled", enabled=True)

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            if not ready:
                raise RuntimeError(f"the browser has said nothing for {PATIENCE} s")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise RuntimeError("the browser ended")
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True) -> None:
        """Show a page and wait until it is loaded."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self("Emulation.setEmulatedMedia", features=[scheme, still])
        self("Emulation.setScriptExecutionDisabled", value=not script)
        for address in ("about:blank", url):  # from the page itself, an anchor in it would load nothing
            self.events.clear()
            loader = self("Page.navigate", url=address).get("loaderId")
            # of this document: the event of the one before may come late, and what was chosen until then would be lost
            while loader and not any(_is_load(event, loader) for event in self.events):
                self.events.append(self._receive())
        # pages shown before are forgotten: Chromium keeps 50 steps, and near them one step back leaves the page
        self("Page.resetNavigationHistory")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = KEYS[key]
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path, selector: str = "") -> None:
        """A picture of the whole page, or of one element."""
        box = self.js(
            "(() => { const b = (%s).getBoundingClientRect();"
            " return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height, scale: 1}; })()"
            % (f"document.querySelector({json.dumps(selector)})" if selector else "document.documentElement")
        )
        shot = self("Page.captureScreenshot", format="png", clip=box, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    @property
    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        found = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in found]

    @property
    def complaints(self) -> list[str]:
        """What the console and the policy had to say."""
        self.js("0")  # whatever was on its way has come
        logged = [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded"]
        thrown = [json.dumps(e["params"]) for e in self.events if e.get("method") == "Runtime.exceptionThrown"]
        called = [json.dumps(e["params"]) for e in self.events if e.get("method") == "Runtime.consoleAPICalled"]
        return logged + thrown + called

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        with contextlib.suppress(RuntimeError, OSError):
            self("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)


def _is_load(event: dict[str, Any], loader: str) -> bool:
    about = event.get("params", {})
    return event.get("method") == "Page.lifecycleEvent" and (about["name"], about["loaderId"]) == ("load", loader)


def program() -> str | None:
    """The browser of this machine; None if it has none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
