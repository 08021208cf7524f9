"""The Race."""

from . import fact

fact(
    "race",
    names=["the Race", "the race"],
    ask=["what happens in the Race", "how does the Race work", "what is the compute contest", "how is [compute|the power of a peer|a peer's power] measured", "is there a [contest|competition]<IN>"],
    held=["describe the contest in which peers measure their power"],
    say=[
        "The Race is a short periodic compute contest. Each peer runs as many nonces through a random transformer as it can, and hits give weight.",
        "The Race is a short contest, held once per epoch. Peers run nonces through a random transformer, and their hits decide their weight.",
    ],
    short="The Race is a short compute contest that decides each peer's weight.",
    must=["race", "contest", "weight"],
    follow=[["what is a nonce", "nonce"], ["[why|why is there one|what is it for|what is it good for]", "race-why"], ["is it proof of work", "proof-of-work"]],
)
fact(
    "race-why",
    ask=["why [is there|do you need|do we need|does it need] [a|the] Race", "what is the [Race|race] [for|good for]", "what does the Race decide", "what is the purpose of the Race"],
    held=["to what end do peers race against each other"],
    say=[
        "The Race measures how much a peer counts. It gives a peer its weight, so nobody has to be believed on claims about itself.",
        "It decides how much a peer counts: its weight. Power is measured in the Race and not taken from claims.",
    ],
    short="It measures how much a peer counts, its weight.",
    must=["how much a peer counts", "weight"],
)
fact(
    "proof-of-work",
    names=["proof of work 2.0", "Proof of Work 2.0"],
    ask=["is [the Race|this|it|Racemesh] [like |]proof of work", "does it use proof of work", "is the Race [like|a kind of] mining", "how does [the Race|it] differ from [proof of work|Bitcoin mining|mining]", "does <RM> [mine|mine coins|mine Bitcoin]"],
    held=["how does it compare with the mining of Bitcoin"],
    say=[
        "Proof of work 2.0 means that the contest is a transformer, the same kind of work that answers requests. That contest is the Race, and it is short.",
        "The Race is a proof of work made of transformer arithmetic instead of hashing. It is short, and user requests always come first.",
    ],
    short="The Race is a short proof of work made of transformer arithmetic.",
    must=["proof of work", "transformer", "short"],
)
fact(
    "nonce",
    names=["a nonce", "nonces"],
    ask=["what does a nonce do", "how many nonces [does a peer run|can I run]", "what is a trial in the Race"],
    held=["a single try in the Race, what is its name"],
    say=[
        "A nonce is one trial in the Race. A peer runs as many nonces as it can in the window.",
        "One trial in the Race is called a nonce. More nonces in the window mean more chances for a hit.",
    ],
    short="A nonce is one trial in the Race.",
    must=["nonce", "trial"],
    follow=[["when does [it|one|a nonce] count", "hit"], ["[and|and what is] a hit", "hit"]],
)
fact(
    "hit",
    names=["a hit", "hits"],
    ask=["when does a nonce count", "how [often|likely|rare] is a hit", "how many nonces [hit|are hits]", "what are the odds of a hit", "when is a nonce a hit"],
    held=["what is the chance that a trial lands under the threshold"],
    say=[
        "A hit is a nonce whose output lands near the target of the epoch. About 1 in 900 nonces is a hit.",
        "A nonce is a hit when its output vector is near the epoch's target. That happens about 1 in 900 times.",
    ],
    short="A hit is a nonce near the target, about 1 in 900.",
    must=["hit", "nonce", "1 in 900", "target"],
)
fact(
    "weight",
    names=["the weight of a peer", "weight", "Race weight"],
    ask=["how does a peer [get|gain|earn] weight", "what is [weight|my weight] used for", "how [is|do I get] [my weight|weight|the weight of a peer][| computed| decided]"],
    held=["what gives a peer more say than another"],
    say=[
        "Weight is a peer's share of the verified Race work. It counts in routing and in the draw of verifiers.",
        "The weight of a peer is its share of verified Race work. Verifiers are drawn by weight, and routing looks at it too.",
    ],
    short="Weight is a peer's share of verified Race work.",
    must=["weight", "share of", "verified race work"],
)
fact(
    "epoch",
    names=["an epoch", "epochs"],
    ask=["what happens in an epoch", "when does an epoch [start|end]", "what lies between two Races"],
    held=["how is the time from one Race to the next called"],
    say=[
        "An epoch is the period between two Races.",
        "The time between two Races is called an epoch. Each epoch has its own beacon.",
    ],
    short="An epoch is the period between two Races.",
    must=["epoch", "between two races"],
)
fact(
    "beacon",
    names=["a beacon", "the beacon"],
    ask=["what is the beacon used for", "where does the random [seed|network|transformer] come from", "what is the seed of an epoch", "what does the beacon do"],
    held=["from what is the random transformer of an epoch made"],
    say=[
        "The beacon is the public random seed of an epoch. The random transformer of the Race is made from it.",
        "A beacon is a public random seed, one for each epoch. The Race makes its transformer from it.",
    ],
    short="The beacon is the public random seed of an epoch.",
    must=["beacon", "public random seed", "epoch"],
)
fact(
    "race-shape",
    ask=["[how large|how big|what size] is the [Race|random] [transformer|network|model]", "what [architecture|shape] does the Race [use|have]", "how many layers does the Race [have|use]", "what does the Race transformer look like"],
    held=["give me the dimensions of the transformer in the Race"],
    say=[
        "It has 64 layers, 128 heads, width 512, feed-forward 8192, vocabulary 8192 and sequence 4. Smaller devices use smaller classes.",
        "The Race transformer has 64 layers, 128 heads and width 512. There are smaller classes for small devices.",
    ],
    short="64 layers, 128 heads and width 512.",
    must=["64 layers", "128 heads", "512"],
)
fact(
    "small-devices",
    ask=["<CAN> [take part|join|race] with a [phone|small device|weak GPU|slow GPU|tablet]", "is the Race fair [to|for] [small devices|phones|weak devices]", "are there smaller [classes|Races|models] for small devices", "what about [phones|small devices|weak GPUs]"],
    held=["my device is slow, do I have a chance in the contest"],
    say=[
        "Yes, the Race has smaller classes for small devices. They are scored by the multiply-accumulates they perform.",
        "Small devices run smaller classes of the Race and are scored by the multiply-accumulates that they perform.",
    ],
    short="Yes, small devices have smaller classes.",
    must=["smaller classes", "small devices"],
)
fact(
    "integer",
    ask=["why [is the Race|does the Race use] [integer|integers|integer arithmetic|int8]", "what [arithmetic|numbers] does the Race use", "is the Race [exact|integer|floating point|done in integers]", "does every GPU get the same [result|bits] in the Race", "how can all [GPUs|devices] compute the same bits"],
    held=["do different graphics cards really agree on the Race result"],
    say=[
        "The Race is integer arithmetic end to end, so every GPU, the CPU reference and a contract compute the same bits.",
        "It uses integer arithmetic end to end. Because of that all GPUs, the CPU and even a contract get the same bits.",
    ],
    short="It is integer arithmetic, so all devices get the same bits.",
    must=["integer arithmetic", "same bits"],
    follow=[["how is it [verified|checked]", "race-verify"]],
)
fact(
    "race-verify",
    ask=["how is the Race [verified|checked]", "how [are|is] [hits|Race results|a hit|Race work] [verified|checked]", "<CAN> cheat in the Race"],
    held=["how does one prove that a claimed hit is real"],
    say=[
        "Verification of the Race is equality: the nonce is run again and the bits must be equal. No statistics are needed.",
        "By equality. The Race is exact, so a verifier runs the nonce again and compares bits, without statistics.",
    ],
    short="By equality of bits, not by statistics.",
    must=["equality", "bits", "statistics"],
)
fact(
    "priority",
    ask=["does the Race [slow|disturb|block|delay] [my requests|requests|answers]", "what comes first, [the Race or requests|requests or the Race]", "[which|what] has priority[|, the Race or requests]", "do [requests|user requests|users] come first"],
    held=["will I wait longer because a contest is going on"],
    say=[
        "User requests always come before the Race on the same device.",
        "Requests first: on the same device, user requests always come before the Race.",
    ],
    short="User requests always come before the Race.",
    must=["user requests always come before the race"],
)
