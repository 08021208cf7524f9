"""Makes conversations: single questions, follow-ups, shorter versions, and long chats whose earlier turns do not matter."""

from __future__ import annotations

import random

import facts
from facts import Fact
from grammar import FILLER, QUESTION_WORDS, dress, expand, normal
from rephrase import rephrase
from smalltalk import (
    NAMES, PEOPLE, PLACES, TALK, THINGS, UNKNOWN_ASK, UNKNOWN_HELD, UNKNOWN_MUST, UNKNOWN_SAY, WHY_UNKNOWN_ASK, WHY_UNKNOWN_SAY,
)

FACTS = facts.load()
FACT_LIST = list(FACTS.values())

NAME_ASK = (
    "what is {}", "what is {}", "what's {}", "what are {}", "explain {}", "tell me about {}", "what does {} mean", "what is meant by {}", "can you explain {}", "could you explain what {} is",
    "{}", "what do you know about {}", "please explain {}", "I want to know what {} is", "what exactly is {}", "describe {}", "define {}", "can you tell me about {}", "how would you explain {}", "I do not understand {}",
    "what do you mean by {}", "what should I know about {}", "meaning of {}", "I have never heard of {}", "tell me what {} is", "do you know what {} is", "explain {} to me", "what is {} in Racemesh", "what is {} here", "what kind of thing is {}", "what is this thing called {}",
)
NAME_HELD = ("give me a definition of {}", "I keep reading about {}, what is that", "could you say in plain words what {} is", "help me understand {}", "what's the idea of {}", "someone mentioned {}, can you describe it")

SHORTER_ASK = ("shorter[| please]", "[can you say|say] [that|it] [shorter|in short|more briefly|in fewer words]", "in short", "[explain|say it|put it] more briefly", "too long", "[make it|keep it] short", "in one sentence[| please]", "summarise [that|it]", "briefly", "give me the short version", "that is too long")
SHORTER_HELD = ("could you put that in fewer words", "what is the short form of that", "and in a nutshell")
AGAIN_ASK = ("[say|tell me] [that|it] again", "again[| please]", "[can|could] you [repeat|say again|rephrase] [that|it]", "repeat[| that| please]", "[say it|explain it|put it] [differently|in other words|another way]", "I did not [get|understand] [that|it]", "what do you mean", "[sorry|pardon], what", "what did you say", "I do not understand")
AGAIN_HELD = ("once more in different words", "please repeat your answer")
SYSTEMS = (
    "You are the Racemesh guide.", "You are a helpful assistant.", "You are a helpful assistant. Answer in plain English.", "You answer questions about Racemesh.", "Be kind and clear.", "Answer the question of the user.",
    "You are the guide of Racemesh, a mesh of browser tabs. Be honest.", "You are a small model. Say so when you do not know.", "Use plain words.", "You are an assistant.", "You are a chat model that runs in browser tabs. Do not invent facts.",
)
SYSTEMS_SHORT = ("Answer briefly.", "Be brief.", "Answer in one short sentence.", "You are the Racemesh guide. Keep answers short.", "Give short answers.")


def with_nouns(pattern: str, rng: random.Random) -> str:
    """Fills the noun slots of the out-of-scope patterns."""
    return pattern.replace("<PLACE>", rng.choice(PLACES)).replace("<THING>", rng.choice(THINGS)).replace("<PERSON>", rng.choice(PEOPLE))


def name_question(template: str, name: str) -> str:
    """Puts a noun phrase into a "what is X" template, with the verb that its number needs."""
    singular = name.startswith(("a ", "an ")) or not name.endswith("s") or name in ("the mesh", "OPFS", "npx racemesh", "liveness")
    if not singular:
        template = template.replace("what is {}", "what are {}").replace("what {} is", "what {} are").replace("does {} mean", "do {} mean").replace("what's {}", "what are {}").replace("exactly is {}", "exactly are {}")
    else:
        template = template.replace("what are {}", "what is {}")
    if template.startswith("define ") or template.startswith("meaning of"):
        name = name.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    return template.format(name)


def fact_question(fact: Fact, rng: random.Random) -> str:
    """A bare training question for the fact."""
    # Names and hand-written patterns share the questions in proportion to how many there are of each.
    by_name = min(0.6, 0.22 * len(fact.names)) if fact.ask else 1.0
    if fact.names and rng.random() < by_name:
        return name_question(rng.choice(NAME_ASK), rng.choice(fact.names))
    return expand(rng.choice(fact.ask), rng)


def held_questions(fact: Fact, rng: random.Random) -> list[str]:
    """All held-out wordings of a fact: the hand-written ones, and one general template when it has a name."""
    questions = list(fact.held)
    if fact.names:
        questions.append(name_question(rng.choice(NAME_HELD), rng.choice(fact.names)))
    return questions


class Writer:
    """Writes training conversations; `banned` are the normalised held-out questions, which are never used."""

    def __init__(self, seed: int, banned: frozenset[str] = frozenset()) -> None:
        self.rng = random.Random(seed)
        self.banned = banned

    def unseen(self, make) -> str:
        """Draws from `make` until the wording is not held out."""
        while True:
            text = make()
            if normal(text) not in self.banned or not normal(text):
                return text

    def answer(self, fact: Fact, brief: bool) -> str:
        return fact.short if brief else self.rng.choice(fact.say)

    def about_fact(self, brief: bool, depth: int) -> list[tuple[str, str]]:
        """A question about a fact and up to `depth` turns that follow from it."""
        rng = self.rng
        fact = rng.choice(FACT_LIST)
        said = self.answer(fact, brief)
        turns = [(dress(self.unseen(lambda: rephrase(fact_question(fact, rng), rng)), rng), said)]
        for _ in range(depth):
            draw = rng.random()
            if fact.follow and draw < 0.45:
                pattern, target = rng.choice(fact.follow)
                fact = FACTS[target]
                said = self.answer(fact, brief)
                turns.append((dress(expand(pattern, rng), rng, 0), said))
            elif draw < 0.7 and said != fact.short:
                said = fact.short
                turns.append((dress(expand(rng.choice(SHORTER_ASK), rng), rng, 0), said))
            elif draw < 0.85:
                others = [text for text in fact.say if text != said]
                said = rng.choice(others)
                turns.append((dress(expand(rng.choice(AGAIN_ASK), rng), rng, 0), said))
            else:
                break
        return turns

    def small_talk(self) -> list[tuple[str, str]]:
        rng = self.rng
        group = rng.choice(TALK)

        def question() -> str:
            text = expand(rng.choice(group.ask), rng)
            return rephrase(text, rng) if text.split(" ")[0] in QUESTION_WORDS else text

        return [(dress(self.unseen(question), rng, 0.02), rng.choice(group.say))]

    def unknown(self) -> list[tuple[str, str]]:
        rng = self.rng
        question = self.unseen(lambda: rephrase(expand(with_nouns(rng.choice(UNKNOWN_ASK), rng), rng), rng))
        turns = [(dress(question, rng), rng.choice(UNKNOWN_SAY))]
        if rng.random() < 0.15:
            turns.append((dress(expand(rng.choice(WHY_UNKNOWN_ASK), rng), rng, 0), rng.choice(WHY_UNKNOWN_SAY)))
        return turns

    def sum(self) -> list[tuple[str, str]]:
        rng = self.rng
        a, b = rng.randrange(11), rng.randrange(11)
        plus = rng.choice([" + ", "+", " plus "])
        question = rng.choice(["what is {}", "how much is {}", "{}", "calculate {}", "can you add {}", "what's {}"]).format(f"{a}{plus}{b}")
        return [(dress(question, rng, 0), f"{a} plus {b} is {a + b}.")]

    def own_name(self) -> list[tuple[str, str]]:
        rng = self.rng
        name = rng.choice(NAMES)
        hello = rng.choice(["my name is {}", "I am {}", "hello, I am {}", "hi, my name is {}", "I'm {}", "you can call me {}", "call me {}", "{} here"]).format(name)
        turns = [(dress(hello, rng, 0) if rng.random() < 0.5 else hello + ".", f"Hello {name}. What would you like to know about Racemesh?")]
        if rng.random() < 0.5:
            middle = rng.choice([self.about_fact, lambda *_: self.small_talk()])(False, 0) if rng.random() < 0.5 else []
            ask = rng.choice(["what is my name", "do you know my name", "who am I", "what did I say my name is", "do you remember my name"])
            turns += [*middle, (dress(ask, rng, 0), f"You said that your name is {name}.")]
        return turns

    def piece(self, brief: bool) -> list[tuple[str, str]]:
        """A few turns on one subject."""
        draw = self.rng.random()
        if draw < 0.70:
            return self.about_fact(brief, self.rng.choice([0, 0, 0, 1, 1, 2]))
        if draw < 0.82:
            return self.small_talk()
        if draw < 0.94:
            return self.unknown()
        return self.own_name() if draw < 0.98 else self.sum()

    def conversation(self) -> list[dict[str, str]]:
        """One conversation as chat messages; most are short, some run to about 500 tokens."""
        rng = self.rng
        messages = []
        brief = False
        if rng.random() < 0.2:
            brief = rng.random() < 0.25
            messages.append({"role": "system", "content": rng.choice(SYSTEMS_SHORT if brief else SYSTEMS)})
        pieces = rng.choices([1, 2, 3, 5, 8], [0.5, 0.2, 0.14, 0.1, 0.06])[0]
        turns = [turn for _ in range(pieces) for turn in self.piece(brief)]
        for question, answer in turns[:10]:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return messages


def held_out(seed: int = 7) -> list[dict]:
    """The evaluation set: held-out wordings alone, after unrelated turns, in long messages, and as follow-ups."""
    rng = random.Random(seed)
    items: list[dict] = []

    def add(kind: str, id: str, history: list[dict], question: str, reference: str, must) -> None:
        text = question[:1].upper() + question[1:]
        if text[-1] not in ".?!":
            text += "?"
        items.append({"id": f"{kind}/{id}/{len(items)}", "kind": kind, "messages": [*history, {"role": "user", "content": text}], "mustInclude": [list(group) for group in must], "reference": reference, "wording": normal(question)})

    for fact in FACT_LIST:
        for question in held_questions(fact, rng):
            add("fact", fact.id, [], question, rng.choice(fact.say), fact.must)
    for group in TALK:
        for question in group.held:
            add("talk", group.id, [], question, rng.choice(group.say), group.must)
    for pattern in UNKNOWN_HELD:
        add("unknown", "scope", [], with_nouns(pattern, rng), rng.choice(UNKNOWN_SAY), UNKNOWN_MUST)
    banned = frozenset(item["wording"] for item in items)

    def history(turn_count: int) -> list[dict]:
        writer = Writer(rng.randrange(1 << 30), banned)
        messages: list[dict] = []
        while len(messages) < 2 * turn_count:
            for question, answer in writer.piece(False):
                messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return messages

    for fact in rng.sample(FACT_LIST, 40):
        question = rng.choice(held_questions(fact, rng))
        add("multi-turn", fact.id, history(rng.choice([1, 2, 3, 4, 6])), question, rng.choice(fact.say), fact.must)
    for fact in rng.sample(FACT_LIST, 20):
        question = rng.choice(held_questions(fact, rng))
        filler = " ".join(rng.sample(FILLER, rng.choice([3, 4, 5])))
        add("long", fact.id, [], f"{filler} {question[:1].upper()}{question[1:]}", rng.choice(fact.say), fact.must)
    for fact in rng.sample(FACT_LIST, 12):
        said = rng.choice(fact.say)
        first = [{"role": "user", "content": fact_question(fact, rng).capitalize() + "?"}, {"role": "assistant", "content": said}]
        add("shorter", fact.id, first, rng.choice(SHORTER_HELD), fact.short, fact.must)
    return items


def banned_wordings() -> frozenset[str]:
    """Normalised wordings that training must not contain."""
    singles = (item["wording"] for item in held_out() if item["kind"] in ("fact", "talk", "unknown", "shorter"))
    return frozenset(singles)
