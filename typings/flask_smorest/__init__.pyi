"""Types of the part of flask-smorest that is used here; the package carries none."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flask

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

class Blueprint(flask.Blueprint):
    description: str
    _docs: dict[str, dict[str, Any]]
    def __init__(self, name: str, import_name: str, *, description: str = "", **options: Any) -> None: ...
    def arguments(
        self,
        schema: Any,
        *,
        location: str = "json",
        required: bool = True,
        description: str | None = None,
        **options: Any,
    ) -> Callable[[Callable[..., R]], Callable[..., R]]: ...
    def response(
        self,
        status_code: int,
        schema: Any = None,
        *,
        content_type: str | None = None,
        description: str | None = None,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Callable[[Callable[..., R]], Callable[..., R]]: ...
    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[F], F]: ...
    @staticmethod
    def doc(**members: Any) -> Callable[[F], F]: ...
    def register_views_in_doc(self, api: Any, app: flask.Flask, spec: Any, *, name: str, parameters: Any) -> None: ...
