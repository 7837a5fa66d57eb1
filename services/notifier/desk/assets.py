"""Files of the pages that never change under their name: a browser keeps them, and weak data carries them once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

ADDRESS = "/desk/static"
_KEPT = "public, max-age=31536000, immutable"
_DIGITS = 12


def addresses(folder: Path) -> dict[str, str]:
    """By file name, the address with a part of its hash: another content has another address."""
    return {
        path.name: f"{ADDRESS}/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]}"
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


class Assets(StaticFiles):
    """Serves them; asked for without its hash a file is not kept."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Any, status_code: int = 200) -> Response:
        """The file, or that the browser has it already."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        query: bytes = scope.get("query_string", b"")
        if query.startswith(b"v="):
            response.headers["cache-control"] = _KEPT
        return response
