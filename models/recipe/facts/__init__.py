"""What the guide knows: one `Fact` per thing a person may ask about Racemesh.

Patterns use a tiny grammar: `[a|b]` chooses one (it nests, and an empty choice is allowed) and `<NAME>` is a macro
from `MACROS`. `held` patterns are wordings that training never sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

MACROS = {
    "WI": "[what is|what is|what's|what exactly is]",
    "WA": "[what are|what are|what exactly are]",
    "HD": "[how do I|how do I|how can I|how would I|how should I|how does one]",
    "HDY": "[how do you|how does one|how do people]",
    "CAN": "[can I|can I|could I|may I|is it possible to|am I able to]",
    "NEED": "[do I need|do I need|do I have to have|must I have|is it necessary to have]",
    "TELL": "[tell me|can you tell me|please tell me|I want to know|do you know]",
    "RM": "[Racemesh|Racemesh|racemesh|the mesh|the network|this network]",
    "IN": "[| in Racemesh| in Racemesh| here| in the mesh| on this network]",
}


@dataclass(frozen=True)
class Fact:
    """One fact: ways to ask (`ask`, held-out `held`), ways to answer (`say`, `short`), and what makes an answer right.

    `names` are noun phrases; each also gets the general "what is X" wordings. `must` is a list of groups, and an answer
    is right when every group has at least one phrase that occurs in it, both lower-cased. `follow` holds (pattern, fact id)
    pairs that only make sense right after this fact.
    """

    id: str
    say: tuple[str, ...]
    short: str
    must: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    follow: tuple[tuple[str, str], ...] = field(default=())


FACTS: dict[str, Fact] = {}


def fact(id: str, *, say, short, must, names=(), ask=(), held=(), follow=()) -> None:
    """Adds a fact, and refuses one whose own answers would not count as right."""
    groups = tuple(tuple(group) if isinstance(group, (list, tuple)) else (group,) for group in must)
    entry = Fact(id, tuple(say), short, groups, tuple(names), tuple(ask), tuple(held), tuple(follow))
    assert id not in FACTS, id
    for answer in (*entry.say, entry.short):
        for group in entry.must:
            assert any(phrase in answer.lower() for phrase in group), (id, group, answer)
    FACTS[id] = entry


def load() -> dict[str, Fact]:
    """Imports the fact files once and checks that every follow-up leads somewhere."""
    if not FACTS:
        from . import app, basics, commands, engine, mesh, money, race, trust  # noqa: F401
        from .wordings import WORDINGS

        for id, patterns in WORDINGS.items():
            FACTS[id] = replace(FACTS[id], ask=(*FACTS[id].ask, *patterns))
    for entry in FACTS.values():
        for _, target in entry.follow:
            assert target in FACTS, (entry.id, target)
    return FACTS
