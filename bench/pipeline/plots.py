"""Draw bars, and lines over time, as SVG."""

from __future__ import annotations

from html import escape

_WIDTH, _LEFT, _ROW = 760, 200, 24
_INK = "#222222"
_COLOURS = ("#b5482a", "#5b7f95", "#6b8f4e", "#8a6d9b")


def bars(title: str, values: dict[str, float]) -> str:
    """Horizontal bars, the greatest first."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    span, high = _WIDTH - _LEFT - 90, max(values.values())
    drawn = []
    for index, (name, value) in enumerate(ordered):
        y, long = 44 + index * _ROW, max(1.0, span * value / high)
        drawn += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{long:.1f}" height="17" fill="{_COLOURS[0]}"/>',
            f'<text x="{_LEFT + long + 6:.1f}" y="{y + 13}">{value:,.3g}</text>',
        ]
    return _svg(title, drawn, 56 + len(ordered) * _ROW)


def steps(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Lines from zero upwards over seconds, each named in the legend."""
    points = [point for line in series.values() for point in line]
    left, right, top, bottom = 70, _WIDTH - 20, 70, 300
    last, high = max(x for x, _ in points) or 1.0, max(y for _, y in points) or 1.0
    drawn = [f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="{_INK}"/>']
    for index, (name, line) in enumerate(series.items()):
        path = "L".join(
            f"{left + (right - left) * x / last:.1f},{bottom - (bottom - top) * y / high:.1f}" for x, y in line
        )
        colour = _COLOURS[index % len(_COLOURS)]
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(f'<text x="{left + 10 + index * 210}" y="48" fill="{colour}">{escape(name)}</text>')
    for share in (0.5, 1.0):
        drawn.append(
            f'<text x="{left - 6}" y="{bottom - (bottom - top) * share + 4:.0f}" text-anchor="end">'
            f"{high * share:,.0f}</text>"
        )
        drawn.append(
            f'<text x="{left + (right - left) * share:.0f}" y="{bottom + 18}" text-anchor="end">'
            f"{last * share:,.0f} s</text>"
        )
    return _svg(title, drawn, 330)


def _svg(title: str, drawn: list[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="{_INK}"><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="12" y="24" font-size="15">{escape(title)}</text>{"".join(drawn)}</svg>\n'
    )
