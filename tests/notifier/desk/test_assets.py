"""What pages load is kept by the browser under an address that changes with the content."""

from __future__ import annotations

import re
from pathlib import Path

from services.notifier.desk.assets import addresses
from tests.notifier.desk.house import a_house


def test_another_content_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("one")
    before = addresses(tmp_path)
    assert before == addresses(tmp_path)
    (tmp_path / "a.css").write_text("two")
    assert before != addresses(tmp_path)


async def test_what_a_page_names_is_kept_and_the_page_itself_is_not(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        client = house.client()
        page = await client.get("/desk/sign-in")
        assert page.headers["cache-control"] == "no-store"
        named = re.findall(r'"(/desk/static/[^"]+)"', page.text)
        assert len(named) == 3
        for address in named:
            answer = await client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert (await client.get(address.partition("?")[0])).headers["cache-control"] == "no-store"
