"""`docs/reliability.md`: what was done to the bot, and what came of it, as a run has found it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.torture.troubles import OFTEN, Trouble

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

_HEAD: Final = """\
# What the bot has been put through

This page is made by a run: `make torture ARGS=--write`. The real bot, a process of its own, works in [the
sandbox](sandbox.md), and while it works something goes wrong. Then the trouble ends, everything comes to its end, and
all that can be seen from outside is compared: the bot's database, every channel and direct message, the services'
tasks, and their bill.

In each line of the table one person waits for one video while one thing goes wrong at one step: for one call, for
three, or for every call during six seconds (unless the job ends before). What the machine does to the bot happens at
random moments: once, three times, five times. A service that never finishes a video is given six seconds instead of
an hour.

Then everything happens to many people at once: they ask for public and private videos at both services, take them
back, ask again, delete; and in an order that the seed decides faults strike, the process is killed and paused, and
its clock leaps.

## What has to be true at the end

- Every accepted request has one end: its video is **posted** in the channel, or **sent directly** to its person; or it
  **failed** and its person was told; or it was **taken back**; or its video is **kept for its person**, who finds it in
  `/inbox`; or it is **kept for the operator**, because nobody can find out what the service did.
- A posted video is there once, and nothing else has one.
- Every task at a service is an attempt that the bot has written down, and none was made twice. A video is billed once.
- What the services bill is what the database says. Every hold has the one end that its job asks for, and every account
  is the sum of its lines. Nothing that was billed was given back, but for a file that no place takes at any size: its
  person is not charged for it.
- Each job has one card at most, and it says what the job's row says; a posted video has none, as no cards are kept.
- Nothing waits any more, and the results folder holds the kept videos and nothing else.

A run in which one of these is not true says so, names the seed that repeats it, writes nothing, and exits with 1. A
request is **not accepted** where Discord did not take the bot's first answer: its person reads that, and nothing was
charged.
"""
_COMPANY_HEAD: Final = """\
## Many processes on one PostgreSQL

`make torture ARGS="--postgres --asks 60 --write"` does all that at once to a bot of two gateways, of a shard each, and
three workers, each a process of its own with a line of its own to a PostgreSQL of their own. At random, while other
things go on, a process is killed, stopped (for longer than its lease) and continued, or ended and started again; its
clock leaps an hour ahead of the others', or back; its line is cut, and the server does not hear of it; the server
crashes and starts again, or is gone for seconds (`--gone 60`: for a minute). Nobody is started anew at the end: whoever
is there then goes on. What has to be true is the same.
"""
_SIMULATED_HEAD: Final = """\
## A day in a minute

`make simulate ARGS="--seeds 10000 --write"` plays what no real machine does often enough, in one process, with a clock
that only a seed moves: a busy community asks, takes back, fetches, shares, reports, decides, gives, forgets and adds
the bot to new servers over midnight, while Discord and the services refuse, answer late or not at all, channels close,
the disk is full, the clock leaps and the process is killed at any await. After every commit what it has touched has to
be in order, as [docs/money.md](money.md) says, and in the end everything has one end, is said once and posted once. A
failure is one number, which replays.

A card may go when its video is written down as posted, or another message tells how its job ended, and never before;
in the end a posted video has none. On a quarter of the days cards are kept: then it says that the video is done.

Whatever is posted is written down before, and looked for before it is posted again. What people may see twice after a
crash is an audit entry that reads like another of late, for which it could be taken, and an alert to the operator that
something goes on. A service may be sent what its person has had deleted at that very moment; that is charged.
"""
_SOAK_HEAD: Final = """\
## A month in minutes

`make soak ARGS="--days 30 --videos 1000 --write"` has the bot's own worker, outbox, watcher and scheduler make the
videos of a month in one process, on a SQLite file, as fast as the machine can, with a video service and a Discord that
cost nothing. After each day the clock leaps to the next one, and what the process holds and the disk has is looked at.
What may grow is the rows, which are kept; prompts are forgotten after seven days here. A run in which anything else
grows exits with 1.
"""
_PLANTED: Final = """\
## Mistakes that were planted

To see what the simulation sees, a promise at a time was broken in a copy of the bot, and the 200 days of `make test`
were played until one of them went wrong (2026-11-28; a change of the bot or the simulation moves the seeds):

| mistake | found by the seed | because |
| --- | --- | --- |
| a claim looks at no lease | 14 | a task is looked for while it is submitted |
| what a callback says is believed | 12 | a video is posted before it is made |
| the lease of a submission is 10 s | 17 | a task is looked for while it is submitted |
| a gift is not looked up before it is given | 5 | it moves credits twice |
| a hold is ended twice | 1 | an account is not the sum of its lines |
| a line of the ledger is missing | 2 | a hold has no end |
| a submission in doubt is taken for a refusal | 12 | two tasks are billed |
| a job is said to be delivered before it is posted | 7 | its video is nowhere |
| a card has no nonce | 14 | it is posted twice |
| a video is posted without being written down before | 29 | it is posted twice |
| a case is posted without being written down before | 118 | it is posted twice |
| reconciling submits again without a look | (`tests/simulation/test_simulation.py`) | a task is made twice |
| a delivered video is not settled | (`tests/simulation/test_simulation.py`) | its hold has no end |
| an update looks at neither state nor lease | none of 200 | but by `tests/store/jobs/test_transitions.py` |
| a posted video's card is not taken away | 1 | it is there, and its video is posted |
| a card is taken away before its video is written down as posted | 1 | nothing is in its place |
| a card is taken away before a message tells how its job ended | 2 | nothing is in its place |
| who may have been told of an end is told without a look | 68 | it is posted twice |
| a card's edit that may still come is not looked after | none of 200 | but by `tests/service/jobs/test_cards.py` |
| a new server is greeted without a look | none of 200 | but by `tests/service/test_outbox.py` |
| a starting process frees the leases of those that live | none of 200 | but by `tests/store/test_processes.py` |
"""
_TAIL: Final = """\
## To run it

`make torture` takes several minutes. `ARGS="--seed 7"` decides other moments and another order, `--asks 300` how
many videos are asked for in the second part (0: none), `--lanes 2` how many troubles are tried at the same time,
`--only "kirin create"` chooses lines of the table, and `--write` writes this page. A seed repeats what is done and in
which order; how far the bot has come by then is up to the machine. `make test` has a short form of it.

Not in the table: the scans of `kirin`, whose troubles `tests/acceptance/test_scans.py` shows (a request that cannot be
scanned waits for a moderator); the list of tasks, which is read only where a task can't be asked for by our own name;
and further private answers (`followup`), of which asking for a video has none.
"""
_SERVICES: Final = {"kirin": "`kirin`", "kling": "`kling`", "discord": "Discord", "bot": "the machine"}


@dataclass(kw_only=True)
class Figures:
    """What a run has counted."""

    seed: int
    trials: int
    suffered: Counter[str]
    ends: Counter[str]

    def lines(self) -> Iterator[str]:
        """The figures, each with its words."""
        trials = f"{self.trials} trials, " if self.trials else ""
        yield f"{trials}{self.ends.total()} accepted requests (seed {self.seed})"
        yield f"What happened: {_counted(self.suffered)}"
        yield f"What came of them: {_counted(self.ends)}"


def page(came: Mapping[tuple[Trouble, str], str], figures: Figures) -> str:
    """The whole page."""
    table, run = f"## Each trouble by itself\n\n{_table(came)}", f"## The run\n\n{_listed(figures)}"
    others = [f"{head}\n{_found_before(head)}" for head in (_COMPANY_HEAD, _SIMULATED_HEAD, _SOAK_HEAD)]
    return "\n".join([_HEAD, table, run, *others, _PLANTED, _TAIL])


def write_simulated(said: str) -> None:
    """Write into the page what a simulation has found."""
    _write(_SIMULATED_HEAD, f"- {said}\n")


def write_soak(table: str) -> None:
    """Write into the page what a month of videos has left behind."""
    _write(_SOAK_HEAD, table)


def write_company(figures: Figures) -> None:
    """Write into the page what several processes have gone through."""
    _write(_COMPANY_HEAD, _listed(figures))


def _write(head: str, found: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.replace(f"{head}\n{_found_before(head)}", f"{head}\n{found}"), encoding="utf-8")


def _listed(figures: Figures) -> str:
    return "".join(f"- {line}.\n" for line in figures.lines())


def _found_before(head: str) -> str:
    """Read the lines that the last run of a kind has written under its head."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(f"{head}\n")
    return after.partition("\n\n")[0].removesuffix("\n") + "\n"


def _table(came: Mapping[tuple[Trouble, str], str]) -> str:
    rows = [("where", "step", "what goes wrong", *OFTEN), ("---",) * (3 + len(OFTEN))]
    for trouble in dict.fromkeys(trouble for trouble, _ in sorted(came, key=_place)):
        ends = [came[trouble, often] for often in OFTEN]
        rows.append((*_named(trouble), *ends))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def line_of(trouble: Trouble) -> str:
    """How the table's line of a trouble begins."""
    return f"| {' | '.join(_named(trouble))} |"


def _named(trouble: Trouble) -> tuple[str, str, str]:
    return _SERVICES[trouble.target], trouble.step, f"`{trouble.kind}`" if trouble.fault else trouble.kind


def _place(trial: tuple[Trouble, str]) -> tuple[int, str, str]:
    trouble, _ = trial
    return list(_SERVICES).index(trouble.target), trouble.step, trouble.kind


def _counted(numbers: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(numbers.items()))
