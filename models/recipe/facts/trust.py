"""Verification, checks and promises."""

from . import fact

fact(
    "trust",
    ask=["how [is|are] [work|the work|answers|results] [verified|checked]", "<HD> know that [the|an] answer is [right|honest|correct|real]", "how does verification work", "why [should|can] I trust [the answers|the answer|a peer|the mesh]", "how do you [stop|prevent|catch] [cheaters|cheating|lying peers]"],
    held=["what keeps the peers honest", "can a liar slip a false result into the mesh"],
    say=[
        "Checks are layered: signed receipts, commitments, random re-execution of one stage, replay of sampling, and a dispute when two peers disagree.",
        "In layers. Work has signed receipts and commitments, random stages are run again as a re-execution, and disagreement opens a dispute.",
    ],
    short="By signed receipts, commitments, random re-execution and disputes.",
    must=["signed receipts", "commitments", "re-execution", "dispute"],
    follow=[["how many [sessions|tasks] are checked", "check-rate"], ["what [happens to|about] cheaters", "wrong-work"]],
)
fact(
    "spot-check",
    names=["a spot-check", "spot-checks", "a spot check"],
    ask=["what happens in a spot-check", "how do spot-checks work", "how are random checks done", "what is checked at random"],
    held=["how is a stage re-run to control it"],
    say=[
        "A spot-check is the random re-execution of one stage. Verifiers are drawn by weight, and they publish a verdict.",
        "In a spot-check a verifier runs one stage of a session again, chosen at random, and publishes a verdict.",
    ],
    short="A spot-check is the random re-execution of one stage.",
    must=["spot-check", "random", "one stage"],
    follow=[["and [what is |]a verdict", "verdict"], ["how often[ does it happen|]", "check-rate"], ["who does [it|that|them]", "verifier"]],
)
fact(
    "verifier",
    names=["a verifier", "verifiers"],
    ask=["who [checks|verifies] [the work|work|a stage|results]", "who [does|makes] the [checks|spot-checks]", "how are verifiers [chosen|drawn|picked]"],
    held=["which peers get to control the others"],
    say=[
        "Verifiers are peers drawn by Race weight. The randomness is fixed only after the work is committed, so nobody can prepare.",
        "Verifiers are drawn by their weight in the Race, with randomness that is fixed only after the work is committed.",
    ],
    short="Verifiers are peers drawn by Race weight.",
    must=["verifiers", "drawn by", "weight"],
)
fact(
    "verdict",
    names=["a verdict", "verdicts"],
    ask=["what does a verdict say", "what comes out of a spot-check", "what is the result of a spot-check"],
    held=["how is the outcome of a check called"],
    say=[
        "A verdict is the signed outcome of a spot-check.",
        "The signed outcome of a spot-check is called a verdict. A contradiction opens a dispute.",
    ],
    short="A verdict is the signed outcome of a spot-check.",
    must=["verdict", "signed outcome", "spot-check"],
)
fact(
    "dispute",
    names=["a dispute", "disputes"],
    ask=["what happens [if|when] two peers disagree", "how does a dispute work", "how is a [dispute|disagreement] [settled|decided|resolved]", "when does a dispute [start|open]"],
    held=["two peers claim different results, who is right"],
    say=[
        "A dispute is a bisection: from stage to layer to operator, down to one dot product that a contract can recompute.",
        "In a dispute two peers narrow their disagreement by bisection, down to one dot product. A contract can recompute that.",
    ],
    short="A dispute is a bisection down to one dot product.",
    must=["dispute", "bisection", "one dot product"],
)
fact(
    "commitment",
    names=["a commitment", "commitments"],
    ask=["what does a stage commit to", "how does a stage commit[| to its work]", "what is the commitment of a stage"],
    held=["what fixes the inputs and outputs of a stage for later"],
    say=[
        "Each stage keeps a running commitment to its inputs and outputs: a hash chain plus a compact fingerprint.",
        "A commitment is a hash chain and a compact fingerprint of what went into a stage and what came out.",
    ],
    short="A commitment is a hash chain plus a compact fingerprint.",
    must=["commitment", "hash chain", "fingerprint"],
)
fact(
    "check-rate",
    ask=["how [often|many] [is work|are sessions|sessions are|tasks are|is a peer] checked", "how many tasks are checked", "what share of [the work|sessions|tasks] is checked", "does the check rate [fall|change]", "how often [am I|is my work] checked"],
    held=["how frequently will somebody look over my results"],
    say=[
        "It depends on reputation: a new peer is checked on every task, and a trusted one on about one in a hundred.",
        "The check rate falls with reputation, from every task down to about one in a hundred.",
    ],
    short="From every task to about one in a hundred, by reputation.",
    must=["every task", "one in a hundred", "reputation"],
)
fact(
    "wrong-work",
    ask=["what happens [to|with] [cheaters|a cheater|wrong work|a lying peer]", "what [if|happens if] a peer [cheats|lies|delivers wrong work]", "how are cheaters punished", "what [is|are] the [penalty|punishment|consequences] for [cheating|wrong work]"],
    held=["somebody sent false results, what is the punishment"],
    say=[
        "Wrong work forfeits the rewards of the epoch. They are held until the checks are done.",
        "Rewards are held until checks are done. Wrong work forfeits them, and missed duties shrink them.",
    ],
    short="Wrong work forfeits the held rewards.",
    must=["wrong work forfeits", ["rewards", "them"]],
)
fact(
    "held-rewards",
    ask=["when [are|do I get] [rewards|my rewards|earnings|my earnings][| paid]", "why are rewards held[| back]", "when do I get [paid|my reward]", "how long are rewards held"],
    held=["why does my reward not arrive at once"],
    say=[
        "Rewards of an epoch are held until the checks are done. Then they can be claimed.",
        "Not at once: the rewards of an epoch are held until checks are done, and after that you can claim them.",
    ],
    short="Rewards are held until the checks are done.",
    must=["rewards", "held until", "checks are done"],
)
fact(
    "self-claims",
    ask=["who measures [my uptime|uptime|my speed|benchmarks|my location]", "<CAN> [report|claim] my own [speed|benchmark|uptime|location]", "am I paid for [uptime|benchmarks|claims]", "why are claims not [paid|believed]"],
    held=["does anyone believe the benchmark numbers that I report about myself"],
    say=[
        "Nobody is paid for unchecked claims about themselves. Benchmark numbers, uptime and location are measured by others.",
        "Speed, uptime and location are measured by others. Nobody is paid for claims about themselves.",
    ],
    short="They are measured by others; nobody is paid for claims.",
    must=["measured by others", "nobody is paid"],
)
fact(
    "check-cost",
    ask=["how much [extra|does checking cost|do checks cost]", "what does [checking|verification] cost", "is verification [expensive|slow|cheap]", "how [well|surely] are cheaters [found|detected]", "how much extra compute [do|does] [checks|checking] need"],
    held=["how big is the overhead of controlling everybody"],
    say=[
        "The promise is at most 10 % extra compute, and at least 99 % detection of a 5 % cheater within one epoch.",
        "At most 10 % extra compute at the full mix of reputation. A 5 % cheater is found in at least 99 % of cases within one epoch.",
    ],
    short="At most 10 % extra compute, with at least 99 % detection.",
    must=["10 % extra compute", "99 %"],
)
fact(
    "promises",
    ask=["what [does <RM> promise|do you promise|is promised]", "<WA> [the|your] promises", "what [figures|guarantees] [are there|do you give]", "how good is <RM>"],
    held=["which goals has the mesh set itself in numbers"],
    say=[
        "Some of the promises: sharding costs at most 5 %, no request is lost when a tab is killed, and the Race is exact on every device.",
        "The promises are measured figures: at most 5 % cost for sharding, 0 lost requests when a tab is killed, and an exact Race.",
    ],
    short="Sharding costs at most 5 %, no lost requests, and an exact Race: those are the promises.",
    must=["promises", "5 %", "exact"],
)
fact(
    "sharding-cost",
    ask=["how much [does sharding cost|slower is it|time does sharding cost]", "is [sharding|splitting a model|a sharded model] slow", "is it slower than [one machine|a single tab|a single machine]", "what is the overhead of [sharding|two stages|splitting a model]"],
    held=["how much speed do I lose when the model is spread over two tabs"],
    say=[
        "Almost nothing: with two stages the extra time is at most 5 % of the single-stage time, besides the round trip.",
        "The promise is that two stages cost at most 5 % more than one, not counting the round trip of the network.",
    ],
    short="At most 5 %, besides the round trip.",
    must=["at most 5 %", "round trip"],
)
fact(
    "hop-speed",
    ask=["how [fast|quick|slow] is [a hop|one hop]", "how long does [a|one] hop take", "what does a hop cost"],
    held=["what is the delay of one hidden-state transfer"],
    say=[
        "A hop is quick: for 8 KiB on one machine, at most 1 ms above the raw data channel in the median.",
        "For 8 KiB a hop takes at most twice the raw data channel, and at most 1 ms more in the median.",
    ],
    short="At most 1 ms above the raw data channel.",
    must=["1 ms", "raw data channel"],
)
