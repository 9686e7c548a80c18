"""Flask-SQLAlchemy on the engine of the process: generations come and go, the engine and its pool stay."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Engine

from ..db import Base, GuardedSession

_ENGINE = "CRMHOST_ENGINE"


class RequestSession(FlaskSession, GuardedSession):
    """The session of one request: removed when the application context ends, refuses to write outside ``Work.begin()``."""


class ProcessSQLAlchemy(SQLAlchemy):
    """Takes the process's engine and the models' base where Flask-SQLAlchemy would make its own."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:  # noqa: ARG002
        engine: Engine = app.config[_ENGINE]
        return engine

    def _make_declarative_base(self, model_class: Any, disable_autonaming: bool = False) -> Any:  # noqa: ARG002
        model_class.metadata.info["bind_key"] = None
        self.metadatas[None] = model_class.metadata
        return model_class


db = ProcessSQLAlchemy(
    model_class=Base,
    session_options={"class_": RequestSession, "expire_on_commit": False},
    add_models_to_shell=False,
)


def init_app(app: Flask, engine: Engine) -> None:
    """Gives the application its session on the process's engine."""
    app.config[_ENGINE] = engine
    app.config["SQLALCHEMY_DATABASE_URI"] = engine.url
    db.init_app(app)
