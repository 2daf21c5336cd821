"""Says which address of the Discord is served by what: `/api/v10`, `/gateway` and `/cdn`."""

from functools import partial

from aiohttp import web

from sandbox.discord import connection
from sandbox.discord.rest import pipeline
from sandbox.discord.service import Discord

API = pipeline.BASE


def attach(app: web.Application, discord: Discord) -> None:
    """Add the addresses to a web application."""
    pipeline.attach(app, discord)
    for path in ("/gateway", "/gateway/"):
        app.router.add_get(path, partial(connection.handle, discord.gateway))
    for kind in ("attachments", "ephemeral-attachments"):
        app.router.add_get("/cdn/" + kind + "/{channel}/{attachment}/{filename}", discord.cdn.serve)
