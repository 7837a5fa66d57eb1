"""What tracing costs a story: nothing worth the name while it is off, microseconds while it is on.

``python -m bench.tracing`` writes bench/report/tracing.md and bench/report/data/tracing.json.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from services.runtime.spans import Spans
from services.runtime.trace import child, new_trace

ROOT = Path(__file__).resolve().parents[1]
PAGE, DATA = ROOT / "bench" / "report" / "tracing.md", ROOT / "bench" / "report" / "data" / "tracing.json"
RUNS, CALLS = 9, 500
#: poll, parse, publish, tag, join, publish, plan, publish, intend, publish, send, publish.
SPANS_A_PUSH = 12


def per_call_us(step: Callable[[], object]) -> float:
    """Median processor time of several runs, microseconds."""
    found = []
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(CALLS):
            step()
        found.append((time.process_time() - began) / CALLS * 1e6)
    return statistics.median(found)


def load_ms() -> float:
    """What loading the client costs a process that has all the rest; median of five."""
    code = (
        "import time, services.runtime.service; began = time.process_time(); "
        "import services.runtime.otlp; print((time.process_time() - began) * 1e3)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True) for _ in range(5)
    ]
    return statistics.median(float(run.stdout) for run in runs)


class Taker(BaseHTTPRequestHandler):
    """Takes everything and keeps nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def measure() -> dict[str, float]:
    """All figures."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    Thread(target=server.serve_forever, daemon=True).start()
    off, trace, above = Spans(), new_trace(), new_trace()

    def tell(spans: Spans) -> Callable[[], object]:
        return lambda: spans.tell("tag", trace, parent=above, began=1.0, ended=2.0, story_id="a:1", relevant=True)

    figures = {
        "off_tell_us": per_call_us(tell(off)),
        "off_below_us": per_call_us(lambda: off.below(above)),
        "traceparent_us": per_call_us(lambda: child(above)),
    }
    from services.runtime.otlp import OtlpSpans  # noqa: PLC0415 - what this measures

    on = OtlpSpans(f"http://127.0.0.1:{server.server_address[1]}/v1/traces", "bench", "0")
    figures |= {
        "on_tell_us": per_call_us(tell(on)),
        "on_below_us": per_call_us(lambda: on.below(above)),
        "load_ms": load_ms(),
    }
    asyncio.run(on.close())
    server.shutdown()
    return {name: round(value, 2) for name, value in figures.items()}


def page(found: dict[str, float]) -> str:
    """The figures in words."""
    off = SPANS_A_PUSH * (found["off_tell_us"] + found["off_below_us"])
    on = SPANS_A_PUSH * (found["on_tell_us"] + found["on_below_us"])
    return f"""# What tracing costs

Processor time, exporting included; medians of {RUNS} runs of {CALLS} calls on two noisy cores;
`python -m bench.tracing`.

| | off | on |
|---|---|---|
| telling a span | {found["off_tell_us"]:.2f} µs | {found["on_tell_us"]:.1f} µs |
| a `traceparent` below another | {found["off_below_us"]:.2f} µs | {found["on_below_us"]:.1f} µs |
| the {SPANS_A_PUSH} spans of a story that is pushed | {off:.1f} µs | {on:.0f} µs |
| loading the client | not loaded | {found["load_ms"]:.0f} ms once |

Off, the OpenTelemetry client is not imported (a test looks at the modules a service has loaded). The header
`traceparent` goes with every record in either case and costs {found["traceparent_us"]:.1f} µs.
"""


def main() -> None:
    """Measure and write."""
    found = measure()
    DATA.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
