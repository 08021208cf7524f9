"""The app, consent, power, privacy and what comes next."""

from . import fact

fact(
    "pages",
    ask=["[which|what] pages [does the app have|are there|are in the app]", "what [is in|can I see in|does one find in] the app", "how is the app [organised|organized|laid out]"],
    names=["the app"],
    held=["name the screens of the app"],
    say=[
        "The app has the pages Chat, Contribute, Network, Race and Wallet.",
        "There are pages for Chat, Contribute, Network, Race and Wallet.",
    ],
    short="Chat, Contribute, Network, Race and Wallet.",
    must=["chat", "contribute", "network", "race", "wallet"],
    follow=[["what is on the network page", "network-page"], ["what is on the contribute page", "contribute-page"], ["what is on the chat page", "chat-page"]],
)
fact(
    "chat-page",
    names=["the Chat page", "the chat page"],
    ask=["what [is|do I see|can I see] on the [Chat|chat] page", "what is the strip under [an answer|each answer|the answer]", "what does the strip [show|mean]", "<HD> see which peers answered", "where do I see who [made|gave] [the answer|my answer]"],
    held=["how can I find out which tabs produced my answer"],
    say=[
        "Under each answer in Chat is a thin strip. It shows the peers that made the answer, their layers and the time in each stage and hop.",
        "The Chat page shows a strip under each answer: the peers that made it, their layer ranges, and the time of stages and hops.",
    ],
    short="Chat shows a strip with the peers and times of each answer.",
    must=["chat", "strip", "peers", "answer", "time"],
)
fact(
    "contribute-page",
    names=["the Contribute page", "the contribute page"],
    ask=["what [is|do I see|can I see] on the [Contribute|contribute] page", "where [do|can] I [see|watch] [my work|what my tab does|what I earned|how many tokens I served]", "<HD> see what my tab does"],
    held=["at which place does the app tell me about memory and tokens served"],
    say=[
        "The Contribute page shows the model's track with your bar lit, what the tab does now, tokens served, power and memory.",
        "On Contribute you see the track with your own bar, tokens served, power, memory, and earnings when there are any.",
    ],
    short="Contribute shows your bar on the track and the tokens served.",
    must=["contribute", "track", "bar", "tokens served"],
)
fact(
    "network-page",
    names=["the Network page", "the network page"],
    ask=["what [is|do I see|can I see] on the [Network|network] page", "where [do|can] I see [all models|all peers|the relays|the whole network]", "<HD> see [all the peers|who else is online|all models]"],
    held=["is there a map of everybody who takes part"],
    say=[
        "The Network page shows all models, all bars and live rates. A gap in a track means thin cover, and relays stand as posts under it.",
        "On Network you see all models with the bars of all peers, live rates, and relays as posts. Click a bar for its history.",
    ],
    short="Network shows all models, all bars and live rates.",
    must=["network", "all models", "bars", "live rates"],
)
fact(
    "race-page",
    names=["the Race page", "the race page"],
    ask=["what [is|do I see|can I see] on the [Race|race] page", "where [do|can] I [watch|see] the Race", "what do the dots mean"],
    held=["which picture shows the running contest"],
    say=[
        "On the Race page every nonce is a dot, the threshold is a line, and hits are lit. The clock of the window runs down.",
        "The Race page draws every nonce as a dot against the threshold line and lights the hits.",
    ],
    short="The Race page draws every nonce as a dot and lights the hits.",
    must=["race page", "dot", "hits", "nonce"],
)
fact(
    "wallet-page",
    names=["the Wallet page", "the wallet page"],
    ask=["what [is|do I see|can I see] on the [Wallet|wallet] page", "where do I see my [receipts|money]", "what do [pending, releasable and claimed|pending and releasable] mean"],
    held=["where is the list of what I have claimed"],
    say=[
        "The Wallet page shows receipts as ticks on the track, and three numbers: pending, releasable and claimed.",
        "On Wallet you see your receipts and three plain numbers: pending, releasable and claimed.",
    ],
    short="Wallet shows receipts, and what is pending, releasable and claimed.",
    must=["wallet", "receipts", "pending", "releasable", "claimed"],
)
fact(
    "track",
    names=["the track", "a track"],
    ask=["what does the track [show|mean]", "what do the bars [mean|show]", "what is the picture with the bars", "what does a pulse [mean|show]"],
    held=["how should I read the drawing with bars and arcs"],
    say=[
        "The track is a picture of a model from its first layer to its last. Each peer is a bar on it, hops are arcs, and a token is a pulse.",
        "A track shows a model from first layer to last. Bars are peers, as long as the layers they hold, and a pulse is a token.",
    ],
    short="The track shows a model; bars are peers and a pulse is a token.",
    must=["track", "model", "bar", "pulse", "token"],
)
fact(
    "consent",
    names=["the consent card", "consent"],
    ask=["does [it|the app|Racemesh|the page] [start|use my GPU|run] [by itself|without asking|on its own|without consent]", "what [happens|runs] before I press [Start|start|Contribute|anything]", "is [Racemesh|it|this|contributing] safe", "do you ask [first|before you use my GPU|for consent]", "what does the consent card say"],
    held=["will my graphics card be used without my permission", "is anything running already although I pressed nothing"],
    say=[
        "Nothing runs before you press a button. The consent card says first what will happen: GPU use, memory, download, and what peers can see.",
        "Before your click there is no GPU use, no peer connection and no download. The consent card tells you first what will happen. Nothing runs before.",
    ],
    short="Nothing runs before you press; the consent card comes first.",
    must=["nothing runs before", "consent card"],
    follow=[["what does it say", "consent-card"], ["[how do I|can I] stop[| it]", "stop"]],
)
fact(
    "consent-card",
    ask=["what is on the consent card", "what [do|will] I [see|read|learn] before [Start|I start|contributing]", "what are the four lines"],
    held=["tell me the contents of the card that I must accept"],
    say=[
        "The card says four things: GPU use, memory and download in MB, that peers can see your IP address, and that a stage can read what it processes.",
        "It lists GPU use, memory and download in MB, that peers can see your IP address, and that a stage can read what it processes.",
    ],
    short="GPU use, memory and download, your IP address, and that stages can read.",
    must=["gpu use", "memory", "ip address", "read"],
)
fact(
    "power",
    names=["the power positions", "the power setting"],
    ask=["[which|what] power [positions|modes|levels|settings] [are there|exist|can I choose]", "<HD> [set|change|choose|limit] [the|my] power", "how much of my GPU [is used|does it use]", "what are Quiet, Balanced and Full", "<CAN> [limit|lower] [the load|GPU use|how much of my GPU is used]"],
    held=["I want it to use less of my graphics card", "explain the three choices for how hard my machine works"],
    say=[
        "There are three power positions: Quiet, Balanced and Full. You choose one and can change it.",
        "You choose Quiet, Balanced or Full. These power positions say how much your machine works.",
    ],
    short="The power positions are Quiet, Balanced and Full.",
    must=["quiet", "balanced", "full", "power position"],
    follow=[["[and|what] [on battery|if I am on battery|about my battery]", "battery"], ["which one is the quietest", "quiet"]],
)
fact(
    "quiet",
    names=["Quiet", "the Quiet position"],
    ask=["[which|what] [position|power position|mode] uses the least[| power]", "which power position is the [lowest|gentlest]", "what does Quiet mean", "how do I keep [my laptop|my fan] quiet"],
    held=["my fan is loud, which setting should I take"],
    say=[
        "Quiet is the lowest power position. Take it if you want your machine to work the least.",
        "Choose Quiet. It is the lowest of the three power positions.",
    ],
    short="Quiet is the lowest power position.",
    must=["quiet", "lowest"],
)
fact(
    "full",
    names=["the Full position", "Full power"],
    ask=["[which|what] [position|power position|mode] uses the most[| power]", "which power position is the [highest|strongest|fastest]", "what does Full mean"],
    held=["I want my machine to give everything it has, which setting is it"],
    say=[
        "Full is the highest power position. Your machine gives the most then.",
        "Choose Full. It is the highest of the three power positions.",
    ],
    short="Full is the highest power position.",
    must=["full", "highest"],
)
fact(
    "battery",
    ask=["what [happens|does it do] on battery", "does it [drain|use|empty] my battery", "what lowers the power", "what happens when [the tab is hidden|my laptop gets hot|I am on a metered link|the battery is low]", "will my laptop [get hot|overheat]", "does it work in a hidden tab"],
    held=["I am not plugged in, will it suck my laptop empty", "what does it do if the machine warms up"],
    say=[
        "Battery, a hidden tab, heat and a metered link all lower the power by themselves.",
        "The power goes down by itself on battery, in a hidden tab, with heat and on a metered link.",
    ],
    short="Battery, a hidden tab, heat and metered links lower the power.",
    must=["battery", "hidden tab", "heat", "metered link", "power"],
)
fact(
    "stop",
    ask=["<HD> stop[| it| contributing| the work| now]", "how [fast|quickly] does [Stop|it stop|stop][| work]", "<CAN> stop [at any time|it|whenever I want]", "where is the Stop button", "what does Stop do", "<HD> [turn it off|switch it off|quit]"],
    held=["I changed my mind and want my GPU back", "get me out of this, it should end now"],
    say=[
        "Press Stop. It is always in the same place and halts GPU work within a second.",
        "Stop halts the GPU work within a second. The button is always in the same place.",
    ],
    short="Press Stop; GPU work halts within a second.",
    must=["stop", "within a second"],
)
fact(
    "privacy",
    names=["privacy"],
    ask=["<CAN> [send|type|ask] [secrets|private things|secret things|personal data]", "who can [read|see] [my prompt|my prompts|my messages|what I write|what I type|my chat]", "[is|are] my [chat|messages|prompts|data] [private|secret|encrypted|safe]", "can [peers|other people|others|strangers] [read|see] [my prompt|my messages|what I ask]", "how private is <RM>"],
    held=["is it wise to paste my password into the chat", "do unknown people get to look at my conversation"],
    say=[
        "Stages can read what they process. Do not send anything that must stay secret.",
        "Whoever runs a stage can read what it processes, so do not send secrets.",
    ],
    short="Stages can read what they process; do not send secrets.",
    must=["read what", "process", "not send"],
    follow=[["[and|what about|can they see] my [IP|IP address]", "ip-address"]],
)
fact(
    "ip-address",
    ask=["can [peers|others|other people|anyone] see my [IP|IP address|address]", "is my [IP|IP address] [shown|visible|hidden|public]", "<HD> hide my [IP|IP address]", "who [sees|can see] my [IP|IP address]", "is there a relay-only mode", "what is relay-only mode"],
    names=["relay-only mode"],
    held=["I would rather not reveal my internet address to strangers"],
    say=[
        "Direct links show your IP address to the peers. If you do not want that, use relay-only mode.",
        "Peers on direct links can see your IP address. With relay-only mode they do not.",
    ],
    short="Direct links show your IP address; relay-only mode does not.",
    must=["direct links", "ip address", "relay-only mode"],
)
fact(
    "device-info",
    ask=["what do peers [learn|know] about my [device|GPU|computer]", "is my [GPU model|hardware|adapter] [shown|shared|published|visible]", "do peers see [which|what] [GPU|graphics card] I have"],
    held=["is the type of my graphics card told to others"],
    say=[
        "Peers learn only a coarse capability class of your device, never the adapter string.",
        "Only a coarse capability class. The adapter string of your GPU is never shared.",
    ],
    short="Only a coarse capability class, never the adapter string.",
    must=["coarse capability class", "adapter string"],
)
fact(
    "slow-computer",
    ask=["will [it|the app|contributing] [slow|freeze|block] my [computer|laptop|machine|screen]", "<CAN> [use|work on] my computer [while|during] [it runs|contributing]", "how long [can|may] a [dispatch|GPU dispatch|single dispatch] [run|take]"],
    held=["does my desktop get sluggish when the tab works"],
    say=[
        "No single GPU dispatch is predicted to run over 100 ms, so the machine stays usable. You can also choose Quiet.",
        "It should not. Each GPU dispatch is kept under a predicted 100 ms, and Quiet lowers the load further.",
    ],
    short="Each GPU dispatch stays under 100 ms, and Quiet lowers the load.",
    must=["100 ms", "quiet", "dispatch"],
)
fact(
    "device-loss",
    ask=["what [if|happens if|happens when] [the GPU|my GPU|the device|the driver] [crashes|is lost|fails|resets]", "what is device loss", "what happens on device loss"],
    held=["my graphics driver just restarted, does the tab survive"],
    say=[
        "A lost GPU device is survived: the tab backs off for a while and then tries again.",
        "The tab survives the loss of the GPU device. It waits with a back-off and tries again.",
    ],
    short="The tab survives it and tries again after a while.",
    must=["surviv", "tries again"],
)
fact(
    "output-text",
    ask=["can [an answer|the model|model output] [run code|contain code that runs|inject markup]", "is model output [safe|markup|executed]", "can an answer [harm|attack] [my browser|me|the page]"],
    held=["could a malicious answer execute a script in my page"],
    say=[
        "Model output is shown as text, never as markup or code.",
        "No. What a model writes is treated as text, never as markup or code.",
    ],
    short="Model output is text, never markup or code.",
    must=["text", "never", "markup or code"],
)
fact(
    "hostile-frames",
    ask=["what if a peer sends [bad|broken|hostile|malicious] [data|frames|messages]", "are frames from peers trusted", "how does it handle [hostile|malicious] peers"],
    held=["could another peer attack my tab with a crafted message"],
    say=[
        "Every frame from a peer counts as hostile until it is decoded within limits.",
        "Frames from peers are treated as hostile until they are decoded within limits.",
    ],
    short="Every frame is hostile until decoded within limits.",
    must=["hostile until", "decoded within limits"],
)
fact(
    "next",
    ask=["what [comes next|is planned|is next|are the plans][| for <RM>]", "what is on the roadmap", "what will <RM> do [in the future|later]", "<WA> the plans"],
    held=["where is the project heading"],
    say=[
        "Written down for later: exact inference, speculation across the mesh, training, and markets. None of it is built yet.",
        "The ideas for later are exact inference, speculation across the mesh, training over tabs, and markets.",
    ],
    short="Later: exact inference, speculation, training and markets.",
    must=["later", "exact inference", "speculation", "training", "markets"],
    follow=[["what is exact inference", "exact-inference"], ["what is speculation", "speculation"], ["training[ in tabs|]", "training"]],
)
fact(
    "exact-inference",
    names=["exact inference"],
    ask=["will every device [give|compute] the same [tokens|answer]", "what does exact inference mean"],
    held=["are there plans to make each token equal to the byte on all devices"],
    say=[
        "Exact inference is a plan: integer kernels for language models, so that every token is byte-equal on every device.",
        "It is planned that the integer kernels of the Race also run language models. With such exact inference every token is byte-equal.",
    ],
    short="Exact inference is a plan to make every token byte-equal.",
    must=["exact inference", "plan", "byte-equal"],
)
fact(
    "speculation",
    names=["speculation across the mesh", "speculative decoding", "speculation"],
    ask=["does it use speculative decoding", "can my own GPU draft tokens", "what does speculation do"],
    held=["could the computer of the asker guess tokens ahead"],
    say=[
        "Speculation is planned: the asker's own GPU drafts tokens, and the stages verify them in flight.",
        "It is a plan for later. With speculation the asker's GPU drafts tokens and the stages verify them.",
    ],
    short="Speculation is planned: the asker's GPU drafts and stages verify.",
    must=["speculation", "plan", "drafts", "verify"],
)
fact(
    "training",
    ask=["<CAN> train [a model|models|my model][|<IN>]", "does <RM> [train|support training]", "is training [possible|planned|supported]", "can tabs train a model", "<CAN> fine-tune a model"],
    held=["will one be able to teach models with the mesh"],
    say=[
        "Not now. Training over tabs is planned for later, with rounds that need little communication, and LoRA fine-tuning.",
        "Training is a plan for later and not built yet. Today the mesh answers requests.",
    ],
    short="Training is planned for later.",
    must=["training", "plan", "later"],
)
fact(
    "colours",
    ask=["does <RM> have a dark mode", "what do the colours mean", "is the app accessible", "can I use the app with [the keyboard|a screen reader]"],
    held=["I am blind, does the app work with my reader"],
    say=[
        "The app has a dark form, full keyboard use, names for screen readers, and a text form of every picture.",
        "Yes: full keyboard use, screen reader names, a text form of every picture, and a dark mode. Colour is never the only sign.",
    ],
    short="Full keyboard use, screen reader names and a text form of every picture.",
    must=["keyboard", "screen reader", "text form"],
)
fact(
    "empty-network",
    ask=["why are there no peers", "why [does it say|do I see] no peers yet", "what do I do when there are no peers", "nobody is here, what [now|can I do]"],
    held=["the list of peers is empty, what should I do"],
    say=[
        "There are no peers yet. Open this page in another tab, and it becomes a second peer.",
        "If there are no peers, open this page in another tab. Two tabs are enough for a small mesh.",
    ],
    short="Open this page in another tab.",
    must=["another tab"],
)
