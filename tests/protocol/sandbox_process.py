"""The real sandbox in its own process, found the way a client finds it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import requests

PATH = "/v2/video/generations"


class Sandbox:
    """One running service."""

    def __init__(self, home, *options):
        self.home = home
        command = [sys.executable, "-m", "ltxv_nb.sandbox", "--home", str(home), *map(str, options)]
        own = {name: value for name, value in os.environ.items() if name != "LTXV_SANDBOX_CLIPS"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own
        )
        self.session = requests.Session()
        self.session.trust_env = False
        self.facts = self._facts()
        self.base = f"http://127.0.0.1:{self.facts['port']}"
        self.auth = {"Authorization": f"Bearer {self.facts['token']}"}

    def _facts(self):
        file = self.home / "sandbox" / "service.json"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            if file.exists() and (facts := json.loads(file.read_text()))["pid"] == self.process.pid:
                return facts
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(self.process.communicate()[0])

    def state_file(self):
        return json.loads((self.home / "sandbox" / "service.json").read_text())

    def get(self, path, params=None, headers=None, auth=True, **more):
        return self.session.get(
            self.base + path,
            params=params,
            headers={**(self.auth if auth else {}), **(headers or {})},
            timeout=30,
            **more,
        )

    def post(self, body, headers=None, auth=True, **more):
        given = {"json": body} if not isinstance(body, (bytes, str)) else {"data": body}
        return self.session.post(
            self.base + PATH,
            **given,
            headers={**(self.auth if auth else {}), **(headers or {})},
            timeout=60,
            **more,
        )

    def submit(self, prompt="A boat at sea", model="ltxv/ltxv-2", **more):
        answer = self.post({"model": model, "prompt": prompt, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def poll(self, generation_id):
        return self.get(PATH, {"generation_id": generation_id})

    def finished(self, generation_id, within=90):
        """Poll until a generation has ended, and return the last answer and every state that was seen."""
        states, deadline = [], time.monotonic() + within
        while time.monotonic() < deadline:
            answer = self.poll(generation_id)
            assert answer.status_code == 200, answer.text
            if answer.json()["status"] not in states[-1:]:
                states.append(answer.json()["status"])
            if states[-1] in {"completed", "error"}:
                return answer.json(), states
            time.sleep(0.05)
        raise AssertionError(states)

    def stop(self):
        """End the service the way a system does; return its exit code and all it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            printed, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.session.close()
        return self.process.returncode, printed

    def kill(self):
        """End the service with no warning."""
        os.kill(self.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.communicate(timeout=20)
        self.session.close()
