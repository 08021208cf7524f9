"""Transport, liveness and failover."""

from . import fact

fact(
    "webrtc",
    names=["WebRTC"],
    ask=["how do [tabs|peers|stages] [talk|connect|communicate]", "how are [tabs|peers|stages] [connected|linked]", "how do [hidden states|tensors] travel", "does it use WebRTC", "why WebRTC", "what is WebRTC used for"],
    held=["which technology links two browsers here", "over what kind of connection do neighbouring stages exchange data"],
    say=[
        "Peers talk over WebRTC, which links two browsers directly. Hidden states travel in its data channels.",
        "WebRTC connects two browsers directly. Neighbouring stages send hidden states through WebRTC data channels.",
    ],
    short="WebRTC links browsers directly with data channels.",
    must=["webrtc", "directly", "data channels"],
    follow=[["does [that|it] show my [IP|IP address]", "ip-address"]],
)
fact(
    "control-plane",
    names=["the control plane", "libp2p"],
    ask=["what is libp2p used for", "does it use libp2p", "how do peers find each other", "how do [tabs|peers] [meet|discover each other|learn about each other]"],
    held=["how does a new tab get to know the others"],
    say=[
        "The control plane is libp2p: a WebSocket to two relays, GossipSub for presence, and streams to set up sessions.",
        "Peers find each other through libp2p. They keep a WebSocket to two relays and announce themselves with GossipSub.",
    ],
    short="With libp2p: two relays and GossipSub.",
    must=["libp2p", "two relays", "gossipsub"],
)
fact(
    "data-plane",
    names=["the data plane"],
    ask=["[how|over what] are tensors sent", "how many [data channels|channels] [are there|does a neighbour have|per neighbour]", "[which|what] channels does a [neighbour|peer] have"],
    held=["describe the channels between two neighbours"],
    say=[
        "The data plane has two data channels per neighbour: one ordered for tensors, and one unreliable for beats.",
        "Each neighbour has two data channels: an ordered one for tensors and an unreliable one for beats. That is the data plane.",
    ],
    short="Two data channels per neighbour, one ordered and one unreliable.",
    must=["two data channels", "ordered", "unreliable"],
)
fact(
    "message-size",
    ask=["how [large|big] [is|can] a message[| be]", "what is the [message size limit|largest message|maximum message size]", "how many bytes fit in [a|one] message"],
    held=["is there an upper bound for one message on a channel"],
    say=[
        "A message on a data channel is at most 64 KiB.",
        "At most 64 KiB. Larger tensors are cut into several messages.",
    ],
    short="At most 64 KiB.",
    must=["64 kib"],
)
fact(
    "lossless",
    ask=["are hidden states [compressed|lossless|rounded]", "is [compression|anything compressed|the data compressed] [used|on the way]", "<CAN> compress hidden states", "do hidden states lose [precision|anything]"],
    held=["are numbers squeezed before they are sent to the next stage"],
    say=[
        "Hidden states travel losslessly by default, because failover and verification rest on it. A compressed encoding is an explicit option.",
        "No loss by default: hidden states are sent losslessly. Compression is an explicit option of a session.",
    ],
    short="They travel losslessly by default; compression is an option.",
    must=["losslessly", "option"],
    follow=[["why[| is that]", "lossless-why"]],
)
fact(
    "lossless-why",
    ask=["why are hidden states [lossless|sent losslessly|not compressed]", "why [not compress|don't you compress] hidden states"],
    held=["what is the reason that tensors are not compressed"],
    say=[
        "Because parity, failover and verification rest on exact hidden states. A replayed or checked stage must see the same numbers.",
        "Failover and verification need the exact same numbers again, so hidden states are not changed on the way.",
    ],
    short="Because failover and verification need exact numbers.",
    must=["failover", "verification", "exact"],
)
fact(
    "ladder",
    names=["the transport ladder"],
    ask=["what [if|happens if] a direct [link|connection] [fails|is not possible|cannot be made]", "what [if|happens if] WebRTC [fails|is blocked|does not work]", "is there a fallback [transport|connection|for WebRTC]", "what if [I am behind a firewall|a firewall blocks it|two tabs cannot connect]"],
    held=["my company blocks direct links, will it work"],
    say=[
        "There is a ladder: a channel in the worker, a channel on the main thread, a libp2p stream, and last a relayed stream, shown as such.",
        "The tab steps down a ladder: worker channel, main-thread channel, libp2p stream, and at the end a relayed stream that is metered.",
    ],
    short="It falls back down a ladder, at the end to a relayed stream.",
    must=["ladder", "relayed stream"],
)
fact(
    "liveness",
    ask=["how [fast|quickly|soon] is a dead [peer|tab|stage] [noticed|found|detected]", "how do [you|peers|tabs] notice that a [tab|peer|stage] is [gone|dead]", "what are beats", "how often [are beats sent|does a tab send a beat]"],
    names=["a beat", "liveness"],
    held=["after what time does the mesh know that a tab is gone"],
    say=[
        "Each tab sends a beat every 150 ms. After 600 ms of silence it counts as dead, so a dead stage is known in under a second.",
        "Beats go out every 150 ms with a limit of 600 ms. A dead stage is known in under a second.",
    ],
    short="Beats every 150 ms; a dead stage is known in under a second.",
    must=["150 ms", "under a second"],
    follow=[["[and|] what happens then", "failover"]],
)
fact(
    "two-relays",
    ask=["how many relays does [a tab|my tab|a peer] [keep|use|have|connect to]", "what [if|happens if|happens when] a relay [goes down|dies|fails|stops|disappears]", "is a relay a single point of failure"],
    held=["my relay crashed, do I lose the connection to the mesh"],
    say=[
        "A tab keeps two relays. If one goes away, it reserves a place on another by itself.",
        "Each tab keeps two relays, so one may fail. The tab then finds another by itself.",
    ],
    short="A tab keeps two relays and replaces a lost one by itself.",
    must=["two relays", "by itself"],
)
fact(
    "federated",
    ask=["are relays [federated|connected to each other|linked]", "do relays [talk|speak] to each other", "how do relays [share news|exchange data|know of each other]", "is there [a central server|one central server|a boss server]", "is <RM> [decentralised|decentralized|centralised]"],
    held=["does everything depend on a single server"],
    say=[
        "There is no single server. Relays are federated by GossipSub, and anyone can run one with npx relay.",
        "Relays are federated by GossipSub, so no single server is in charge. Anyone can host one.",
    ],
    short="Relays are federated by GossipSub; there is no single server.",
    must=["federated", "gossipsub", "no single server"] ,
)
fact(
    "relay-tensors",
    ask=["do [relays|the relays] [carry|see|transport|forward] [tensors|hidden states|the tensors|the data]", "how much [data|tensor data|traffic] [goes|runs] through [relays|a relay]", "does [my data|everything] go through [a|the] relay"],
    held=["is the traffic between stages sent over the relay"],
    say=[
        "Relays carry signalling. Tensors go directly between peers; tensor bytes through a relay are the metered exception.",
        "Normally no. Relays carry signalling only, and tensors through a relay are a metered exception.",
    ],
    short="Relays carry signalling; tensors through them are a metered exception.",
    must=["signalling", "tensor", "exception"],
)
fact(
    "relay-capacity",
    ask=["how many [tabs|peers|users|browsers] can [a|one] relay [serve|handle|hold|support]", "how [light|heavy] is a relay", "how [big|large|strong] must [a relay server|a relay|the server of a relay] be"],
    held=["what load can a single relay bear"],
    say=[
        "The promise is at least 1,000 idle tabs for each core of a relay.",
        "A relay should serve at least 1,000 idle tabs per core. That is one of the promises, and it is measured.",
    ],
    short="At least 1,000 idle tabs per core.",
    must=["1,000 idle tabs", "core"],
)
fact(
    "failover",
    names=["failover"],
    ask=["what happens [if|when] [a tab|a peer|a stage|someone] [closes|dies|leaves|crashes|disappears|goes offline]", "what happens [if|when] [someone|a contributor|somebody] closes [the|their] tab", "how does failover work", "what if a [tab|peer|stage] [dies|is lost|fails] [during|in the middle of] [an answer|a request]", "do I lose my answer if a tab [closes|dies]"],
    held=["one of the browsers just vanished while it was answering me, what now", "how does the mesh cope with a stage that goes away"],
    say=[
        "The stage before it replays the saved activations into a replacement, and the answer goes on. No token is lost or repeated.",
        "A replacement takes over. The stage before the dead one replays its saved activations, and no token is lost.",
    ],
    short="A replacement takes over and no token is lost.",
    must=["replacement", "no token is lost"],
    follow=[["how [fast|quickly] is [it|that|a dead stage] noticed", "liveness"], ["how long does [it|that] take", "failover-promise"], ["do I pay twice[| for that]", "failover-billing"]],
)
fact(
    "failover-billing",
    ask=["do I pay [twice|more|again] [when|if] a [tab|stage|peer] [dies|fails|is lost]", "what do I pay [after|when there is] a failover", "is a failed [stage|token] billed"],
    held=["will a crash of a peer show up on my bill"],
    say=[
        "No. Billing equals delivery: you pay only for tokens that arrived, also after a failover.",
        "No, billing equals delivery. A replayed stage does not make you pay twice.",
    ],
    short="No, billing equals delivery.",
    must=["billing equals delivery"],
)
fact(
    "failover-promise",
    ask=["how long [does|is] [a failover|the pause|the stall][| take]", "how many requests are lost [when|if] [a tab is killed|tabs close|tabs die]", "what [do you promise|is promised] [about|for] failover"],
    held=["which figure do you guarantee for killed tabs"],
    say=[
        "The promise is 0 lost of 100 when a tab is killed, token-exact, and a stall of at most 5 seconds in 99 of 100 cases.",
        "We promise 0 lost of 100 requests, exact tokens, and a pause of at most 5 seconds in 99 of 100 cases.",
    ],
    short="0 lost of 100, and at most 5 seconds of pause.",
    must=["0 lost of 100", "5 seconds"],
)
fact(
    "leaving",
    ask=["what happens [if|when] I [close|leave] [my tab|the tab|the page]", "<CAN> [just |]close [my tab|the tab] [at any time|whenever I want|while it works]", "is it [bad|okay|fine|rude] to close [my|the] tab", "do I break something [if|when] I close [my tab|the page]"],
    held=["I want to shut my browser now, does that hurt anyone"],
    say=[
        "You can close it at any time. A leaving tab drains: it hands its sessions over, and others take its place.",
        "That is fine at any time. The leaving tab drains its sessions, and another peer takes over.",
    ],
    short="You can close it at any time; the leaving tab drains.",
    must=["at any time", "drains"],
)
fact(
    "frozen-tab",
    names=["a frozen tab", "a generation number"],
    ask=["what happens [to|with] a [frozen|sleeping|suspended] tab", "what if my [laptop|computer|tab] [sleeps|goes to sleep|freezes]", "what is the generation number for", "what happens to stale frames"],
    held=["my computer went into standby, what does the mesh do"],
    say=[
        "A frozen tab is replaced. It rejoins later under a new generation number, and stale frames are refused by that number.",
        "When a tab is frozen, another replaces it. It may rejoin under a new generation number; frames with the old number are refused.",
    ],
    short="It is replaced and rejoins under a new generation number.",
    must=["replace", "rejoin", "new generation number"],
)
