"""Write the alarms as a PrometheusRule: ``python -m deploy.prometheus.make_rule``.

kustomize takes no file from outside its folder, so the rules stand there a second time; a test compares.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
RULES = _HERE / "rules.yml"
RESOURCE = _HERE.parent / "kubernetes" / "monitoring" / "rules.yaml"
_HEAD = """\
# Made from deploy/prometheus/rules.yml by deploy/prometheus/make_rule.py: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: siaga
  labels: { app.kubernetes.io/part-of: siaga }
spec:
"""


def resource() -> str:
    """The rules, word by word, under the head of a resource."""
    lines = RULES.read_text(encoding="utf-8").splitlines()
    return _HEAD + "".join(f"  {line}".rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    RESOURCE.write_text(resource(), encoding="utf-8")
