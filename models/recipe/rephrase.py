"""Says a question in another way: other words for common ones, and other frames for common beginnings.

People word things in more ways than the hand-written patterns have. Each rule here multiplies all patterns at once, which
teaches the model to look at what a question is about and not at how it begins.
"""

from __future__ import annotations

import random
import re

# Words in one row may stand for each other in a question. They are not exact synonyms; a question survives the swap.
SWAPS = """
gpu|graphics card|video card
laptop|notebook|computer|machine
computer|machine|pc|desktop
browser|web browser
tab|browser tab|page
peer|participant|computer
peers|participants|others|the other computers
question|prompt|request
request|query|question|prompt
answer|reply|response
answers|replies|responses
earn|make|get|gain
money|income|cash
pay|spend money
price|cost|fee
start|begin|launch|set up|bring up
stop|end|quit|halt|shut down
closes|shuts|quits|vanishes|goes away|is gone
close|shut|leave|quit
dies|crashes|vanishes|fails|breaks|goes away
lost|gone|missing
see|view|look at|find|read
show|tell|display
shown|visible|revealed|told
check|test|control|verify
checked|tested|controlled|verified|looked at
verified|checked|confirmed|proved
chosen|picked|selected|decided
kept|stored|saved|held
split|cut|divided|spread|shared
connect|link|join
connected|linked|joined
talk|speak|communicate|exchange data
sent|passed|transferred|transmitted|given
send|pass|transfer|transmit
travel|move|go
download|fetch|get|load
use|need|take|run
used|needed|taken
help|take part|contribute
contribute|take part|participate|help|lend my GPU
join|take part|participate|come in
fast|quick|quickly|soon|speedy
big|large|heavy
small|little|tiny
slow|sluggish|slower
happens|occurs|goes on
difference|distinction
hide|conceal|not show|not reveal
cheat|lie|trick
cheats|lies|sends false results
cheaters|liars|cheats|dishonest peers
wrong|false|bad
read|see|look at|know
messages|chats|words|conversation|texts
private|secret|confidential
safe|secure|harmless
app|application|program|site
site|website|web page|blog
command|command line|instruction
picture|drawing|graphic|image
weights|model weights|parameters
works|functions|operates
work|function|operate
people|persons|users|folks
part|piece|component
parts|pieces|components|building blocks
choose|pick|select|set
limit|cap|bound|restrict
battery|accumulator power|battery power
hot|warm
explain|describe|clarify
purpose|aim|goal|point
why|for what reason|how come
before|ahead of
contest|competition|race
reward|payment|earning
rewards|payments|earnings
server|machine|small computer
terminal|shell|console
code|program|software
""".strip().splitlines()
OTHER: dict[str, list[str]] = {}
for row in SWAPS:
    first, *rest = row.split("|")
    OTHER.setdefault(first, []).extend(rest)

FRAMES: list[tuple[re.Pattern, tuple[str, ...]]] = [
    (re.compile(r"^(?:how do I|how can I|how would I|how should I|how does one) (.+)$"), (
        "how to {}", "tell me how to {}", "I want to {}", "I would like to {}", "what must I do to {}", "what is the way to {}", "in which way can I {}", "please help me to {}", "what do I do if I want to {}",
        "what are the steps to {}", "is there a way to {}", "I need to {}", "show me how to {}", "I do not know how to {}", "how does somebody {}", "what is needed to {}", "I wish to {}, how",
    )),
    (re.compile(r"^(?:can I|could I|may I|is it possible to|am I able to) (.+)$"), (
        "am I allowed to {}", "I want to {}, is that possible", "is there a way to {}", "would it be possible to {}", "I would like to {}, may I", "does it let me {}", "is it okay to {}", "will I be able to {}", "can one {}", "may somebody {}",
    )),
    (re.compile(r"^what (?:happens if|happens when|if|happens) (.+)$"), (
        "{}, what happens", "{}, what now", "suppose {}", "and if {}", "what does the mesh do when {}", "what will happen if {}", "{}, is that a problem", "what are the consequences if {}", "what then, when {}", "is it bad if {}", "imagine that {}", "how does it cope if {}",
    )),
    (re.compile(r"^(?:do I need|do I have to have|must I have|is it necessary to have) (.+)$"), (
        "I have not got {}", "I do not have {}, is that a problem", "is {} needed", "does one need {}", "must I get {}", "I own no {}, what now", "can I do without {}", "is {} required", "I lack {}",
    )),
    (re.compile(r"^what does (.+) do$"), ("what is {} doing", "what is the job of {}", "what is {} for", "what work does {} have", "what role has {}", "what is the task of {}", "explain the work of {}", "for what is {} used", "tell me what {} does")),
    (re.compile(r"^what do (.+) do$"), ("what are {} doing", "what is the job of {}", "what are {} for", "what role have {}", "what is the task of {}", "tell me what {} do")),
    (re.compile(r"^how does (.+) work$"), ("explain how {} works", "what is the idea behind {}", "tell me the way that {} works", "I do not understand how {} works", "what happens in {}", "how is {} done", "describe how {} works")),
    (re.compile(r"^(?:who|which peers|which people) (.+)$"), ("which people {}", "which ones {}", "what peers {}", "tell me who {}", "is there anyone who {}", "whoever {}", "I want to know who {}", "do others {}")),
    (re.compile(r"^where (?:do I|can I) see (.+)$"), ("I cannot find {}", "where is {} shown", "in which place is {}", "at which place do I find {}", "on which page is {}", "show me {}", "I am looking for {}")),
    (re.compile(r"^how (?:large|big) is (.+)$"), ("what is the size of {}", "what size has {}", "how many bytes has {}", "tell me the size of {}")),
    (re.compile(r"^how (?:fast|quick|quickly) is (.+)$"), ("what is the speed of {}", "how much time passes for {}", "after what time is {}", "what delay has {}", "is {} fast")),
    (re.compile(r"^how much (.+)$"), ("what amount {}", "tell me how much {}", "is it known how much {}", "about how much {}")),
    (re.compile(r"^how many (.+)$"), ("what number of {}", "tell me how many {}", "the number of {}", "about how many {}")),
    (re.compile(r"^how are (.+)$"), ("in what way are {}", "by what means are {}", "tell me how {} are", "which way are {}")),
    (re.compile(r"^how is (.+)$"), ("in what way is {}", "by what means is {}", "by which rule is {}", "which way is {}")),
    (re.compile(r"^why (.+)$"), ("for what reason {}", "what is the reason, why {}", "how come {}", "tell me why {}", "I wonder why {}")),
    (re.compile(r"^(?:which|what) (.+) (?:are there|exist)$"), ("list all {}", "name the {}", "tell me all {}", "how many {} are there", "what {} do you have", "give me a list of {}", "which {} can there be")),
    (re.compile(r"^(?:is|are|does|do|will|can) (.+)$"), ()),
]
PLAIN_FRAMES = ("tell me: {}", "I want to know: {}", "{}, do you know", "do you know {}", "my question is {}", "somebody asked me: {}", "what would you say, {}", "I am not sure: {}", "{}, can you explain")


def keywords(text: str, rng: random.Random) -> str:
    """Drops the little words, the way people type into a search box."""
    little = set("a an the is are am be do does did i me my you your it its of to in on at for with that this what which how can could may would will shall must there and or so".split())
    words = [word for word in text.split(" ") if word.lower() not in little]
    return " ".join(words) if len(words) >= 2 else text


def swap_words(text: str, rng: random.Random, share: float = 0.35) -> str:
    """Puts other words in the place of some."""
    words = text.split(" ")
    for i, word in enumerate(words):
        if (others := OTHER.get(word.lower())) and rng.random() < share:
            words[i] = rng.choice(others)
    return " ".join(words)


def rephrase(text: str, rng: random.Random) -> str:
    """Returns the bare question in another wording, or unchanged in about half of the cases."""
    if rng.random() < 0.35:
        for pattern, frames in FRAMES:
            if match := pattern.match(text):
                if frames:
                    text = rng.choice(frames).format(match.group(1))
                break
    if rng.random() < 0.45:
        text = swap_words(text, rng)
    draw = rng.random()
    if draw < 0.04:
        text = keywords(text, rng)
    elif draw < 0.10:
        text = rng.choice(PLAIN_FRAMES).format(text)
    return text
