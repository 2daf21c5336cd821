"""Takes first answers to interactions, and serves the webhook through which the bot speaks for 15 minutes more."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused, refuse
from sandbox.discord.interactions import ANSWERS, Answer, Interaction, Kind
from sandbox.discord.messages import EPHEMERAL, LOADING
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules.commands import GROUP, SUBCOMMAND
from sandbox.discord.rules.messages import check_deferral, check_message
from sandbox.discord.rules.modals import check_choices, check_modal
from sandbox.discord.world import Json, Message

CHAT_COMMAND, REPLY, MENU_COMMAND = 20, 19, 23
MOST_FOLLOWUPS = 5  # to an interaction where the application is not installed but for its person
_UPDATES = (Answer.DEFERRED_UPDATE, Answer.UPDATE)


async def answer(call: Call) -> Reply:
    """Answer `POST /interactions/{interaction_id}/{interaction_token}/callback`."""
    resolver = call.discord.interactions
    interaction = resolver.to_answer(call.path["interaction_id"], call.path["interaction_token"])
    kind, data = _answer_kind(interaction, call.form), call.form.get("data") or {}
    interaction.acknowledged = round(call.world.clock.now() - interaction.created, 6)
    try:
        message = await _act(call, interaction, kind, data)
    except Refused:
        interaction.acknowledged = None
        raise
    shown = serialize.seen_message(call.world, message) if message is not None else {}
    interaction.first = {**shown, "type": int(kind), "data": data, "message": shown or None}
    call.discord.events.tell("interaction", id=interaction.id)
    if not call.flag("with_response"):
        return NO_CONTENT
    return 200, _callback(interaction, message, shown)


def _answer_kind(interaction: Interaction, body: Json) -> Answer:
    """Read the kind of a first answer, if this interaction takes it."""
    allowed = {kind for kind in ANSWERS[interaction.kind] if kind not in _UPDATES or interaction.source is not None}
    if body.get("type") not in allowed:
        choices = sorted(int(kind) for kind in allowed)
        text = f"Value must be one of {{{', '.join(map(str, choices))}}}."
        refuse([Problem(at=("type",), kind="BASE_TYPE_CHOICES", text=text)])
    return Answer(body["type"])


async def _act(call: Call, interaction: Interaction, kind: Answer, data: Json) -> Message | None:
    """Do what the answer says; gives the message it made or means."""
    match kind:
        case Answer.MESSAGE:
            interaction.original = await _say(call, interaction, data)
        case Answer.DEFERRED_MESSAGE:
            thinking = {"flags": int(data.get("flags") or 0) & EPHEMERAL}
            interaction.original = await _say(call, interaction, thinking, flags=LOADING)
        case Answer.DEFERRED_UPDATE:
            interaction.original = interaction.source
            return None
        case Answer.UPDATE:
            interaction.original = source = interaction.source
            if source is not None:
                resolver = call.discord.messages
                await resolver.edit(source, where=interaction.channel, body=data, uploads=call.uploads)
        case Answer.CHOICES:
            interaction.choices = data.get("choices", [])
        case Answer.MODAL:
            interaction.modal = data
    return interaction.original


def _full_name(data: Json) -> str:
    """Write a command's name as messages tell it: with its group's and its subcommand's."""
    inner = [option for option in data.get("options", []) if option["type"] in (SUBCOMMAND, GROUP)]
    return " ".join([data["name"], *(_full_name(option) for option in inner)])


async def _say(
    call: Call, interaction: Interaction, body: Json, *, follows: bool = False, flags: int | None = None
) -> Message:
    """Post a message of the bot that answers this interaction, private when its flags say so."""
    private = bool(int(body.get("flags") or 0) & EPHEMERAL)
    extra: Json = {
        "webhook_id": call.world.application_id,
        "application_id": call.world.application_id,
        "interaction_metadata": interaction.metadata,
        **({} if flags is None else {"flags": flags}),
    }
    if interaction.kind == Kind.COMMAND and not follows:
        menu = "target_id" in interaction.payload["data"]
        name = _full_name(interaction.payload["data"])
        extra["type"] = MENU_COMMAND if menu else CHAT_COMMAND
        about = {"id": interaction.id, "type": 2, "name": name, "user": serialize.user(interaction.user)}
        extra["interaction"] = about
    elif (target := interaction.original if follows else interaction.source) is not None:
        reference = {"type": 0, "channel_id": interaction.channel.id, "message_id": target.id}
        if interaction.channel.guild_id is not None:
            reference["guild_id"] = interaction.channel.guild_id
        extra |= {"type": REPLY, "message_reference": reference}
    return await call.discord.messages.post(
        where=interaction.channel,
        author=call.world.bot,
        body=body,
        uploads=call.uploads,
        extra=extra,
        visible_to=interaction.user.id if private else None,
        interaction_id=interaction.id,
    )


def _callback(interaction: Interaction, message: Message | None, shown: Json) -> Json:
    """Build the callback response object of `with_response`: a made message is of type 4, deferred or not."""
    about: Json = {"id": interaction.id, "type": int(interaction.kind)}
    if message is None:
        return {"interaction": about}
    flags = message.data["flags"]
    about |= {
        "response_message_id": message.id,
        "response_message_loading": bool(flags & LOADING),
        "response_message_ephemeral": bool(flags & EPHEMERAL),
    }
    shape = {key: value for key, value in shown.items() if key != "visible_to"}
    kind = Answer.UPDATE if message is interaction.source else Answer.MESSAGE
    return {"interaction": about, "resource": {"type": int(kind), "message": shape}}


def _followed(call: Call) -> Interaction:
    return call.discord.interactions.to_follow(call.path["webhook_id"], call.path["webhook_token"])


def _target(call: Call, interaction: Interaction) -> Message:
    """Find the message of the path: the first answer, or one of the follow-ups."""
    wanted = call.path.get("message_id")
    mine = {m.id: m for m in (interaction.original, *interaction.followups) if m is not None}
    message = interaction.original if wanted is None else mine.get(wanted)
    if message is None or message.id not in interaction.channel.messages:
        raise Refused(10008)
    return message


async def follow_up(call: Call) -> Reply:
    """Answer `POST /webhooks/{webhook_id}/{webhook_token}`; the first after a deferral takes the deferral's place.

    Raises:
        Refused: 40094, there have been `MOST_FOLLOWUPS` where only the person has the application.
    """
    interaction = _followed(call)
    if interaction.is_of_user and len(interaction.followups) >= MOST_FOLLOWUPS:
        raise Refused(40094)
    original = interaction.original
    if original is not None and original.data["flags"] & LOADING:
        body = {key: value for key, value in call.form.items() if key != "flags"}
        body["flags"] = int(call.form.get("flags") or 0) & ~EPHEMERAL
        await call.discord.messages.edit(original, where=interaction.channel, body=body, uploads=call.uploads)
        message = original
    else:
        message = await _say(call, interaction, call.form, follows=True)
    interaction.followups.append(message)
    return 200, serialize.message(call.world, message)


async def get(call: Call) -> Reply:
    """Answer `GET /webhooks/{webhook_id}/{webhook_token}/messages/…`."""
    return 200, serialize.message(call.world, _target(call, _followed(call)))


async def edit(call: Call) -> Reply:
    """Answer `PATCH /webhooks/{webhook_id}/{webhook_token}/messages/…`."""
    interaction = _followed(call)
    message = _target(call, interaction)
    if "poll" in message.data:
        raise Refused(520003)
    resolver = call.discord.messages
    await resolver.edit(message, where=interaction.channel, body=call.form, uploads=call.uploads)
    if message is interaction.original:
        interaction.edits.append(serialize.seen_message(call.world, message))
    return 200, serialize.message(call.world, message)


async def delete(call: Call) -> Reply:
    """Answer `DELETE /webhooks/{webhook_id}/{webhook_token}/messages/…`."""
    interaction = _followed(call)
    call.discord.messages.delete(_target(call, interaction), where=interaction.channel)
    return NO_CONTENT


def _names(call: Call) -> list[str]:
    return [upload.filename for upload in call.uploads]


def _check_answer(call: Call) -> list[Problem]:
    data = call.form.get("data") or {}
    match call.form.get("type"):
        case Answer.MESSAGE:
            return check_message(data, _names(call), kind="answer", under=("data",))
        case Answer.UPDATE:
            interaction = call.discord.interactions.get(call.path["interaction_id"])
            current = interaction.source if interaction else None
            return check_message(data, _names(call), kind="update", current=current, under=("data",))
        case Answer.DEFERRED_MESSAGE:
            return check_deferral(data)
        case Answer.CHOICES:
            return check_choices(data)
        case Answer.MODAL:
            return check_modal(data)
    return []


def _check_follow_up(call: Call) -> list[Problem]:
    return check_message(call.sent, _names(call), kind="follow_up")


def _check_edit(call: Call) -> list[Problem]:
    try:
        current = _target(call, _followed(call))
    except Refused:
        return []
    return check_message(call.sent, _names(call), kind="webhook_edit", current=current)


_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _HOOK + "/messages/@original"
_OTHER = _HOOK + "/messages/{message_id}"
ROUTES = (
    Route(
        method="POST",
        path="/interactions/{interaction_id}/{interaction_token}/callback",
        handler=answer,
        check=_check_answer,
        calls=("callback",),
        forms=True,
    ),
    Route(method="POST", path=_HOOK, handler=follow_up, check=_check_follow_up, calls=("followup",), forms=True),
    *(
        Route(method=method, path=path, handler=handler, check=check, calls=calls, forms=method == "PATCH")
        for path in (_ORIGINAL, _OTHER)
        for method, handler, check, calls in (
            ("GET", get, None, ()),
            ("PATCH", edit, _check_edit, ("edit",)),
            ("DELETE", delete, None, ()),
        )
    ),
)
