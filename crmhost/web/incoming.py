"""Incoming webhooks: ``POST /hooks/NAME/KEY`` goes to the plugin that owns the name, which checks the signature itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, jsonify, make_response, request

from ..errors import CrmError
from ..host.attribution import record_fault, running
from ..work.unit import Actor
from .request import client_address, public, use_actor

if TYPE_CHECKING:
    from ..host.generation import Generation

#: Largest body of a webhook, in bytes.
MAX_BODY = 2 * 1024 * 1024


def incoming_webhooks(generation: Generation) -> Blueprint:
    """The blueprint that serves the webhooks of this generation's plugins."""
    blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
    handlers = {item.name: item for item in generation.contributions("webhooks")}

    @blueprint.post("/<name>/<key>")
    @public(foreign_posts=True)
    def receive(name: str, key: str) -> Response:
        webhook = handlers.get(name)
        if webhook is None:
            abort(404)
        if request.content_length is None or request.content_length > MAX_BODY:
            abort(413)
        actor = Actor("plugin", webhook.plugin, permissions=frozenset({"*"}), address=client_address())
        try:
            with running(webhook.plugin):
                status, answer = webhook.handler(use_actor(actor), key, dict(request.headers), request.get_data())
        except CrmError as error:
            return make_response(jsonify({"error": error.message}), error.status)
        except Exception as error:
            # The sender repeats what was answered by an error, so nothing is lost.
            record_fault(webhook.plugin, f"webhook {name}", error)
            return make_response(jsonify({"error": "The receiver failed; send it again later."}), 500)
        return make_response(jsonify(answer), status)

    return blueprint
