"""One upstream of the sandbox, through its control plane."""

import json
import urllib.request


class Sandbox:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def _call(self, method, name, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/sandbox/{name}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def counters(self):
        return self._call("GET", "counters")

    def last_request(self):
        return self._call("GET", "requests")[-1]

    def last_row(self):
        return self._call("GET", "rows")[-1]

    def add_fault(self, fault):
        self._call("POST", "faults", fault)

    def clear_faults(self):
        """Forgets those that no request has met."""
        self._call("DELETE", "faults")
