"""The desk for programs: what the pages show, as JSON, described by OpenAPI, a token for each reader."""

from services.notifier.desk.api.app import PREFIX, create_api, mount_api

__all__ = ["PREFIX", "create_api", "mount_api"]
