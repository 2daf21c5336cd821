import pytest

from sandbox.discord.permissions import EVERYTHING, Permission, bits, in_channel, in_guild
from sandbox.discord.world import Channel, Guild, Member, Overwrite, Role

SEND, FILES, VIEW, ADMIN = (
    int(Permission[name]) for name in ("SEND_MESSAGES", "ATTACH_FILES", "VIEW_CHANNEL", "ADMINISTRATOR")
)


def guild(**roles: int) -> Guild:
    """A guild whose everyone may see; more roles by name."""
    everyone = Role(id="g", name="@everyone", permissions=VIEW, position=0)
    more = {name: Role(id=name, name=name, permissions=given, position=1) for name, given in roles.items()}
    return Guild(id="g", name="G", owner_id="owner", roles={"g": everyone, **more})


def channel(**overwrites: tuple[int, int]) -> Channel:
    """A channel with overwrites by id, each as what it allows and denies."""
    given = {key: Overwrite(id=key, kind=0, allow=allow, deny=deny) for key, (allow, deny) in overwrites.items()}
    return Channel(id="c", type=0, guild_id="g", overwrites=given)


def member(user_id: str = "ana", *roles: str) -> Member:
    return Member(user_id=user_id, joined_at="", roles=list(roles))


def test_roles_add_up_and_owners_and_administrators_may_do_everything() -> None:
    place = guild(writer=SEND, admin=ADMIN)

    assert in_guild(place, member("ana", "writer")) == VIEW | SEND
    assert in_guild(place, member("ana", "admin")) == in_guild(place, member("owner")) == EVERYTHING
    assert in_channel(place, member("ana", "admin"), channel(g=(0, SEND))) == EVERYTHING


def test_overwrites_follow_one_another_in_discords_order() -> None:
    place = guild(writer=SEND | FILES, muted=0)
    shut = channel(g=(0, SEND), writer=(SEND, 0), muted=(0, FILES))

    assert in_channel(place, member("ana", "writer"), shut) == VIEW | SEND | FILES
    assert in_channel(place, member("ana", "writer", "muted"), shut) == VIEW | SEND
    own = channel(writer=(0, FILES), ana=(FILES, 0))
    assert in_channel(place, member("ana", "writer"), own) == VIEW | SEND | FILES


def test_who_cannot_see_can_do_nothing_and_who_cannot_send_cannot_attach() -> None:
    place = guild(writer=SEND | FILES)

    assert in_channel(place, member("ana", "writer"), channel(g=(0, VIEW))) == 0
    assert in_channel(place, member("ana", "writer"), channel(g=(0, SEND))) == VIEW


def test_permissions_have_names() -> None:
    assert bits(["send messages", "ATTACH-FILES"]) == SEND | FILES
    with pytest.raises(KeyError):
        bits(["fly"])
