"""What a process knows of the others."""

from bot.domain.sharing import EVERYTHING, Process, Role
from bot.service.processes import Processes

ME, OTHER = Process(id="0" * 15 + "1"), Process(id="0" * 15 + "2")
CHANNELS = [number * 4194304 for number in range(63)]


def test_alone_everything_is_mine() -> None:
    processes = Processes()
    assert processes.share == EVERYTHING
    assert processes.workers == (processes.me,)
    assert all(processes.owns(each) and processes.owner(each) == processes.me for each in CHANNELS)
    assert not processes.others


def test_each_channel_is_one_process_s_in_the_eyes_of_both() -> None:
    mine, theirs = Processes(ME), Processes(OTHER)
    for each in (mine, theirs):
        each.note([ME, OTHER])
    assert all(mine.owns(each) is not theirs.owns(each) for each in CHANNELS)
    assert all(mine.owner(each) == theirs.owner(each) for each in CHANNELS)
    assert mine.others


def test_a_gateway_has_nothing_while_a_worker_lives() -> None:
    gateway = Processes(Process(id=ME.id, role=Role.GATEWAY))
    assert gateway.share == EVERYTHING
    gateway.note([gateway.this, Process(id=OTHER.id, role=Role.WORKER)])
    assert gateway.share == 0
    assert gateway.workers == (OTHER.id,)


def test_listeners_hear_of_every_change_and_of_nothing_else() -> None:
    processes, heard = Processes(ME), list[int]()
    processes.on_change(lambda: heard.append(len(processes.members())))
    for members in ([ME], [ME, OTHER], [ME, OTHER], [ME]):
        processes.note(members)
    assert heard == [2, 1]


def test_a_process_lives_in_its_own_eyes() -> None:
    processes = Processes(ME)
    processes.note([OTHER])
    assert processes.members() == (OTHER, ME)
