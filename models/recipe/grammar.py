"""Expands question patterns, and roughens questions the way people type them."""

from __future__ import annotations

import random
import re

from facts import MACROS

INNERMOST = re.compile(r"\[([^\[\]]*)\]")


def expand(pattern: str, rng: random.Random) -> str:
    """Returns one sentence of the pattern, chosen with `rng`."""
    for name, text in MACROS.items():
        pattern = pattern.replace(f"<{name}>", text)
    while match := INNERMOST.search(pattern):
        choice = rng.choice(match.group(1).split("|"))
        pattern = pattern[: match.start()] + choice + pattern[match.end() :]
    return re.sub(r"\s+", " ", pattern).strip()


def normal(text: str) -> str:
    """Reduces a question to lower-case words, so that two spellings of one wording compare equal."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


QUESTION_WORDS = ("what", "how", "who", "why", "which", "where", "when", "is", "are", "do", "does", "can", "could", "may", "will", "am", "must", "should", "in", "by", "at", "from", "into", "over", "after")

OPENERS = [
    "hi, ", "hello, ", "hey, ", "ok, ", "ok ", "so, ", "so ", "and ", "well, ", "one question: ", "quick question: ", "a question: ",
    "please: ", "sorry, ", "excuse me, ", "now, ", "also, ", "good, ", "hm, ", "I wonder: ", "I would like to know: ", "please tell me, ",
    "can you tell me: ", "help me: ", "just curious, ", "thanks. ", "great. ", "another question: ", "next: ", "alright, ",
]
CLOSERS = [" please", ", please", " thanks", ", thank you", " exactly", " then", " by the way", " again", ", I am curious", " actually"]

# Talk that has nothing to do with the question; it teaches the model to find the question in a long message.
FILLER = [
    "I have been reading about this for a while.", "A friend sent me the link yesterday.", "I am new here.", "My English is not very good.",
    "We talked about it at work.", "I am sitting in a train right now.", "It is raining outside and I have some time.", "I saw the page this morning.",
    "My colleague asked me and I did not know what to say.", "I know a little about computers.", "I am not a programmer.", "I study physics.",
    "Somebody in a forum wrote a long text, but I did not understand it.", "I have a laptop and an old desktop at home.", "I hope this is the right place to ask.",
    "I already asked two other people.", "My brother thinks that I should try it.", "I had a coffee and then opened the browser.", "There was an article in the newspaper.",
    "I like to understand things before I use them.", "Yesterday I tried something else and gave up.", "I have only five minutes.", "We have a small company with ten people.",
    "I am writing a report for school.", "The weather is nice today.", "My neighbour has a big machine in his cellar.", "I am a bit careful with new things.",
    "Please keep it simple.", "I do not want to read the whole manual.", "I have used other tools before, and they were hard to set up.",
    "Last week I heard a talk about computers that work together.", "I could not find it in the documentation.", "There is one thing that I still do not get.",
    "My daughter wants to know it too.", "I was a teacher for many years.", "I have a question that is maybe stupid.", "We were wondering about something.",
    "First of all, thank you for your time.", "I looked at it on my phone, where the letters are small.", "In the evening I will show it to a friend.",
]
FILLER_END = ["Thank you in advance.", "Thanks a lot.", "I hope you can help.", "That would help me.", "Please answer in plain words.", "I am looking forward to your answer."]


def typo(text: str, rng: random.Random) -> str:
    """Swaps, drops or doubles one letter inside a word of four letters or more."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not places:
        return text
    i = rng.choice(places)
    word, at = words[i], rng.randrange(1, len(words[i]) - 1)
    words[i] = rng.choice([word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]])
    return " ".join(words)


def punctuate(text: str, rng: random.Random) -> str:
    """Ends a question or request with the sign that it usually has, or with none."""
    first = text.split(" ")[0].lower().rstrip(",:")
    if text and text[-1] in ".!?":
        return text
    sign = "?" if first in QUESTION_WORDS or rng.random() < 0.3 else "."
    return text + rng.choice([sign, sign, sign, "", "", " " + sign if rng.random() < 0.2 else sign])


def dress(text: str, rng: random.Random, long_share: float = 0.08) -> str:
    """Gives a bare question an opener, an end, capitals, and sometimes filler, lost words or a typo."""
    bare = text
    draw = rng.random()
    if draw < 0.22:
        text = rng.choice(OPENERS) + text
    elif draw < 0.30:
        text = text + rng.choice(CLOSERS)
    if rng.random() < 0.55:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.15:
        text = text.lower()
    if rng.random() < 0.07:
        text = typo(text, rng)
    if rng.random() < 0.06:
        words = text.split(" ")
        small = [i for i, word in enumerate(words) if word.lower() in ("the", "a", "an", "is", "are", "do", "does", "of", "to")]
        if small and len(words) > 4:
            del words[rng.choice(small)]
            text = " ".join(words)
    text = punctuate(text, rng)
    if rng.random() < long_share and len(bare) > 8:
        before = rng.sample(FILLER, rng.choice([1, 1, 2, 2, 3, 4, 6]))
        after = [rng.choice(FILLER_END)] if rng.random() < 0.3 else []
        text = " ".join([*before, text[:1].upper() + text[1:], *after])
    return text
