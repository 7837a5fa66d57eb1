"""What a browser is told with every answer where we are reached by HTTPS."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.notifier.desk.app import desk_routes
from services.notifier.outlets.front import create_front
from services.notifier.outlets.metrics import OutletMetrics

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notifier" / "desk"))
from house import a_house


async def test_by_https_the_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        secure = dataclasses.replace(house.desk, secure=True)
        house.app = create_front(desk_routes(secure), OutletMetrics(CollectorRegistry()), https=True)
        client = house.client()
        client.base_url = "https://desk.example"  # type: ignore[assignment]
        form = {"address": "ppa-ppo-ntt@example.org", "channel": "email"}
        asked = await client.post("/desk/sign-in", data=form)
        code, _ = await house.code()
        signed_in = await client.post("/desk/sign-in/code", data={"code": code})
        for answer in (asked, signed_in):
            cookies = [one for one in answer.headers.get_list("set-cookie") if "Max-Age=0" not in one]
            assert cookies
            for cookie in cookies:
                name, *rest = (part.strip() for part in cookie.split(";"))
                assert name.startswith("__Host-siaga")
                assert {"Secure", "HttpOnly", "Path=/"} <= set(rest)
                assert any(part.lower() in {"samesite=lax", "samesite=strict"} for part in rest)
                assert not any(part.lower().startswith("domain") for part in rest)


async def test_pages_and_programs_get_the_same_guards(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.app = create_front(desk_routes(house.desk), OutletMetrics(CollectorRegistry()), https=True)
        client = house.client()
        for path in ("/desk/", "/desk/sign-in", "/api/v1/incidents", "/api/v1/openapi.json", "/nothing"):
            headers = (await client.get(path)).headers
            assert int(headers["strict-transport-security"].partition("=")[2]) >= 31_536_000, path
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] == "no-referrer", path
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["cross-origin-opener-policy"] == "same-origin", path
            assert "access-control-allow-origin" not in headers, path
