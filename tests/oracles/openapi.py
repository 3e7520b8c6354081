"""The running server, held by schemathesis against its own OpenAPI document.

`openapi.py [--seed N] [--examples N]`; the last line counts tests.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen
from xml.etree import ElementTree

HERE = Path(__file__).parent
PROGRAMS = Path(os.environ.get("KASSA_BIN_DIR", HERE.parents[1] / "target/debug"))
DOCUMENT = HERE.parents[1] / "src/server/openapi.json"
# The development configuration's, which everybody knows.
API_KEY = "kassa_dev_demo_0123456789abcdef0123456789abcdef"
# Nobody but the provider can sign a callback, and nobody but a shop's software a call of VETUMA, so
# none that schemathesis makes is taken.
NEVER_TAKEN = {"/callbacks/{provider}", "/callbacks/{provider}/{attempt}", "/vetuma/payment", "/vetuma/paymentQuery"}
# The development configuration's, too: what the simulator signs with.
PROVIDER_SECRET = b"kassa-simulator-secret-for-development-only-0001"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int)
    options.add_argument("--examples", type=int, default=100)
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="kassa-openapi-") as folder:
        server, url = start(Path(folder))
        try:
            report = Path(folder) / "report.xml"
            payments = [create(url, number) for number in range(3)]
            messages = told(url, payments[0])
            pay(url, payments[1])
            before = successes(url)
            ended = run(url, options, report, payments, messages)
            failed = count(report, ended, never_seen_to_work(before, successes(url)))
        finally:
            server.kill()
            server.wait()
    sys.exit(1 if failed else 0)


def start(data):
    """Starts the server and waits for its address."""
    arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data]
    log = open(data / "kassa.log", "w")
    server = subprocess.Popen([PROGRAMS / "kassa", *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
    for line in server.stdout:
        if said := re.search(r"listening on (\S+)", line):
            return server, said[1]
    sys.exit(f"the server ended: {(data / 'kassa.log').read_text()}")


def run(url, options, report, payments, messages):
    """Runs schemathesis; what it prints is shown."""
    arguments = [
        "--url", url,
        "--max-examples", str(options.examples),
        "--continue-on-failure",
        # Nothing is remembered from one run to the next: a seed is the whole of a run.
        "--generation-database", "none",
        "--report", "junit", "--report-junit-path", report,
        "--no-color",
    ]
    if options.seed is not None:
        arguments += ["--seed", str(options.seed)]
    environment = {
        **os.environ,
        "KASSA_API_KEY": API_KEY,
        "KASSA_PAYMENTS": ",".join(payment["id"] for payment in payments),
        "KASSA_MESSAGES": ",".join(messages),
        "KASSA_PAID": payments[1]["id"],
        "KASSA_TOKENS": ",".join(payment["token"] for payment in payments),
        "SCHEMATHESIS_HOOKS": "openapi_hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = Path(sys.executable).parent / "schemathesis"
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT, *arguments]
    return subprocess.run(command, env=environment, cwd=report.parent).returncode


def create(url, number):
    body = {"order": f"OPENAPI-{number}", "amount": 4990, "return_url": "http://127.0.0.1:8082/thanks"}
    return ask(f"{url}/v1/payments", body)


def told(url, payment):
    """Has the shop told that a bank was chosen: the identifiers of the messages."""
    ask(f"{url}/checkout/{payment['token']}/pay", {"bank": "nordea"})
    return [message["id"] for message in ask(f"{url}/v1/events")["data"]]


def pay(url, payment):
    """Has a payment paid, by a callback as the provider would send it."""
    step = ask(f"{url}/checkout/{payment['token']}/pay", {"bank": "nordea"})
    attempt = parse_qs(urlsplit(step["url"]).query)["payment_id"][0]
    total = {"amount": 4990, "currency": "EUR"}
    moment = "2026-11-21T10:00:00+0000"
    callback = {
        "project_id": 120,
        "payment": {"id": attempt, "type": "purchase", "status": "success", "date": moment, "sum": total},
        "operation": {
            "id": 1,
            "type": "sale",
            "status": "success",
            "date": moment,
            "created_date": moment,
            "sum_initial": total,
            "sum_converted": total,
            "code": "0",
            "message": "Success",
        },
    }
    lines = ";".join(sorted(flat(callback))).encode()
    digest = hmac.new(PROVIDER_SECRET, lines, hashlib.sha512).digest()
    callback["signature"] = base64.b64encode(digest).decode()
    send(f"{url}/callbacks/ecommpay", callback)


def flat(value, path=""):
    """The lines that ecommpay signs, of a callback as simple as ours."""
    if not isinstance(value, dict):
        return [f"{path}:{value}"]
    below = (flat(inner, f"{path}:{name}" if path else name) for name, inner in value.items())
    return [line for lines in below for line in lines]


def ask(address, body=None):
    return json.loads(send(address, body))


def send(address, body=None):
    headers = {"content-type": "application/json", "authorization": f"Bearer {API_KEY}"}
    with urlopen(Request(address, body and json.dumps(body).encode(), headers)) as answer:
        return answer.read()


def successes(url):
    """How often each operation was answered with success, as the server counts."""
    with urlopen(f"{url}/metrics") as answer:
        figures = answer.read().decode()
    pattern = r'^kassa_requests_total\{method="(\w+)",route="([^"]+)",status="2\d\d"\} (\d+)$'
    counts = Counter()
    for method, route, count in re.findall(pattern, figures, re.MULTILINE):
        counts[method, route] += int(count)
    return counts


def never_seen_to_work(before, after):
    """Documented operations of whose answers nothing was learnt but refusals."""
    paths = json.loads(DOCUMENT.read_text())["paths"]
    documented = {
        (method.upper(), path) for path, methods in paths.items() for method in methods if path not in NEVER_TAKEN
    }
    return {operation for operation in documented if after[operation] <= before[operation]}


def count(report, ended, unseen):
    """Counts the tests in schemathesis's report; the last line is for whoever started this."""
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else []
    verdicts = [all(case.find(word) is None for word in ("failure", "error")) for case in cases]
    failed = verdicts.count(False)
    for method, path in sorted(unseen):
        print(f"{method} {path} was never answered with success")
    # Whatever else made schemathesis fail counts as one.
    failed += (1 if ended and not failed else 0) + len(unseen)
    print(f"openapi.json: {verdicts.count(True)} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    main()
