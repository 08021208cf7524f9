"""What Racemesh is, who uses it, and its vocabulary."""

from . import fact

fact(
    "racemesh",
    names=["Racemesh", "racemesh", "this project", "this network", "the mesh"],
    ask=["what does <RM> do", "[what|so what] is this [site|app|page|thing] [about|for]", "[describe|explain|introduce] <RM>[| to me| in a few words]", "[why would I use|what is the point of|what is the purpose of] <RM>", "what is a browser-first mesh"],
    held=["what am I looking at on this site", "give me an overview of Racemesh", "what kind of project is Racemesh"],
    say=[
        "Racemesh is a browser-first mesh that answers AI requests. People open a tab and lend their GPU, and each tab holds some layers of a model.",
        "Racemesh is a mesh of browser tabs that together answer AI requests. Each tab lends its GPU and runs some layers of a model.",
        "It is a browser-first mesh for AI. You open a tab, lend your GPU, and the tabs answer requests together.",
    ],
    short="Racemesh is a mesh of browser tabs that answer AI requests together.",
    must=[["mesh"], ["tab"], ["ai"]],
    follow=[["how does [it|that|this] work", "how-works"], ["who [uses it|is it for]", "users"], ["[how do I|how can I] [join|take part|help]", "contribute-how"]],
)
fact(
    "how-works",
    ask=["how does <RM> work", "[explain|describe|show me] how <RM> works", "how do the tabs [work together|answer a request together|share the work]", "how is a model [split|divided|spread] over [tabs|browsers|peers]", "what happens [inside|under the hood of] <RM>"],
    held=["what is the basic idea behind how Racemesh runs a model", "how can several browsers run one model"],
    say=[
        "Each tab holds some layers of a model. A tab runs its layers, then passes the hidden states to the next tab over WebRTC. The last one picks the token.",
        "A model is cut into stages of layers. Each tab runs one stage and passes hidden states to the next tab over WebRTC, until the last stage samples a token.",
    ],
    short="Each tab runs some layers and passes hidden states to the next tab over WebRTC.",
    must=[["layers"], ["hidden states"], ["webrtc"]],
    follow=[["what if [one of them|a tab] [closes|goes away|dies]", "failover"], ["what are hidden states", "hidden-state"]],
)
fact(
    "hidden-state",
    names=["a hidden state", "hidden states"],
    ask=["what [gets|is] [passed|sent|handed] from [tab to tab|one tab to the next|stage to stage|peer to peer]", "what do [tabs|stages|peers] send [each other|to the next one]"],
    held=["which data travels between two neighbouring tabs"],
    say=[
        "Hidden states are the numbers that one stage hands to the next. They travel between tabs over WebRTC, and losslessly by default.",
        "A hidden state is what the model has computed so far for a token. One stage passes hidden states to the next, losslessly by default.",
    ],
    short="Hidden states are the numbers that one stage hands to the next stage.",
    must=[["hidden state"], ["stage"], ["next"]],
)
fact(
    "users",
    ask=["who [uses|is using|would use] <RM>", "who is <RM> for", "[which|what] kinds of [users|people] [does <RM> have|use <RM>|are there]", "who [takes part|can take part]<IN>", "what roles are there<IN>"],
    held=["what sort of users is Racemesh made for", "list the people who use Racemesh"],
    say=[
        "There are contributors who lend a GPU, askers who send requests, site developers, relay hosts, native node operators and contract developers.",
        "Contributors lend their GPU and askers send requests. There are also site developers, relay hosts, node operators and contract developers.",
    ],
    short="Contributors, askers, site developers, relay hosts, node operators and contract developers.",
    must=["contributors", "askers", "relay hosts"],
    follow=[["what does an asker do", "asker"], ["what does a contributor do", "contributor"]],
)
fact(
    "contributor",
    names=["a contributor", "contributors"],
    ask=["what does a contributor do", "what do contributors [do|see]", "who are the contributors", "who is a contributor"],
    held=["what is the job of a contributor"],
    say=[
        "A contributor opens the app, presses Contribute, watches work, power and earnings, and closes the tab when done.",
        "A contributor lends a GPU: they open the app, press Contribute and watch the work, the power and the earnings.",
    ],
    short="A contributor opens the app, presses Contribute and lends a GPU.",
    must=["contributor", "contribute", ["press"]],
)
fact(
    "asker",
    names=["an asker", "askers"],
    ask=["what does an asker do", "who are the askers", "who is an asker", "who sends requests"],
    held=["what is meant by the asker role"],
    say=[
        "An asker is someone who sends a request: in the chat of the app, through the OpenAI endpoint, or with racemesh request.",
        "An asker wants an answer. They chat in the app, call /v1/chat/completions, or run racemesh request.",
    ],
    short="An asker sends requests, by chat, by the API or with racemesh request.",
    must=["asker", "chat", "racemesh request"],
)
fact(
    "ask-how",
    ask=["<HD> [ask a question|send a request|send a prompt|get an answer|use a model]<IN>", "[where|how] [can|do] I [chat|ask something|ask questions]<IN>", "what ways are there to [ask|send a request]", "<HD> talk to [the model|the mesh]"],
    held=["how do I put a question to the mesh", "in which ways can I submit a request"],
    say=[
        "You can chat in the app, call the OpenAI endpoint /v1/chat/completions on a relay, or run racemesh request in a terminal.",
        "There are three ways: the chat in the app, the endpoint /v1/chat/completions of a relay, and the command racemesh request.",
    ],
    short="Use the chat, /v1/chat/completions, or racemesh request.",
    must=["chat", "/v1/chat/completions", "racemesh request"],
)
fact(
    "contribute-how",
    ask=["<HD> [contribute|join|join <RM>|take part|lend my GPU|lend compute|start contributing|help|donate my GPU|share my graphics card]", "<CAN> [lend my GPU|help|join|contribute]", "what [do I need to do|must I do] to [contribute|join|help]", "I want to [contribute|join|help|lend my GPU]", "where do I start [contributing|if I want to contribute]"],
    held=["what are the steps to lend my graphics card", "I would like to give some of my GPU to the mesh"],
    say=[
        "Open the app and press Contribute. You see what will happen first, choose a power position, and press Start. Stop works at once.",
        "Press Contribute in the app, read the consent card, choose Quiet, Balanced or Full, and press Start. You can stop at any time.",
    ],
    short="Open the app, press Contribute, and press Start.",
    must=["contribute", "start"],
    follow=[["[do I need|must I have] a wallet[| for that]", "wallet-needed"], ["[how do I|can I] stop[| it| again]", "stop"], ["is [it|that] safe", "consent"]],
)
fact(
    "site-developer",
    ask=["[how can|how do|can] I [add|put|embed] <RM> [to|on|in] my [site|website|web page|page]", "what can a site developer do", "what does a site developer do", "is there an embeddable [version|chat box|element]", "<HD> embed [the chat|the chat box|the widget]"],
    names=["the widget", "a site developer"],
    held=["I run a website, how do I include Racemesh", "which code do I paste in my blog to get the chat box"],
    say=[
        "A site developer adds one script tag. It gives a chat box, an opt-in button to lend compute, or both.",
        "With one script tag a site gets the widget: a chat box and, if wanted, an opt-in button to lend compute.",
    ],
    short="One script tag adds a chat box or an opt-in button.",
    must=["script tag", "chat box", "opt-in"],
    follow=[["does [it|that] [mine|start work] [by itself|without asking]", "widget-unasked"]],
)
fact(
    "widget-unasked",
    ask=["does the widget [mine|use the GPU|start work] [by itself|without asking|without consent]", "is the widget [safe|a miner]", "will the widget [touch|change|slow] [my page|the page|my site]"],
    held=["can the script tag secretly use my visitors' computers"],
    say=[
        "No. The widget asks first and shows a consent card. It does not touch the page around it and must not slow it.",
        "No. Nothing is mined unasked. The widget shows a consent card first, and it leaves the rest of the page alone.",
    ],
    short="No, the widget shows a consent card first.",
    must=["no", "consent card"],
)
fact(
    "relay-host",
    names=["a relay host"],
    ask=["<HD> [run|host|start|set up|launch] a relay", "what [command|do I type] [starts|runs|to start] a relay", "<CAN> [run|host] my own relay", "<WI> npx relay", "what does npx relay do", "what does a relay host [do|need]"],
    held=["which command brings up a relay on my server", "I have a small server and want to host a relay"],
    say=[
        "Run npx relay on a small server. It uses one port and needs no hand-tuned config.",
        "A relay host types npx relay on a small server. One port is enough, and there is no config to tune by hand.",
    ],
    short="Run npx relay on a small server with one port.",
    must=["npx relay", "one port"],
    follow=[["what does [it|a relay|the relay] do", "relay"], ["how many [tabs|peers] can [it|one] [serve|handle|hold]", "relay-capacity"]],
)
fact(
    "node-operator",
    names=["a native node", "native nodes", "a node operator"],
    ask=["<HD> [run|start|set up] a [node|native node|GPU node]", "what [command|do I type] [starts|runs|to start] a [node|native node]", "<CAN> [take part|contribute|help] without a browser", "<WI> npx racemesh node", "what does [npx racemesh node|racemesh node] do", "<HD> use [a GPU server|a GPU machine|my GPU machine]"],
    held=["which command makes my GPU machine a peer", "I have no browser on this server, can it still join"],
    say=[
        "Run npx racemesh node on a GPU machine. A native node is the same peer as a tab, only without a browser.",
        "On a GPU machine, type npx racemesh node. It speaks the same protocol as a tab and needs no browser.",
    ],
    short="Run npx racemesh node; it is the same peer without a browser.",
    must=["npx racemesh node", "browser"],
)
fact(
    "node-vs-tab",
    ask=["[what is|what's] the difference between a [tab|browser tab] and a [node|native node]", "[do|does] [native nodes|a native node|a node] [speak|use] [another|a different|the same] protocol[| as tabs| than a tab]", "is a native node [different from|the same as] a tab", "how do [nodes|native nodes] [differ from|compare with] tabs"],
    held=["are nodes and tabs the same kind of peer"],
    say=[
        "A native node and a tab are the same peer and speak the same protocol. The node only runs without a browser.",
        "They are the same peer with the same protocol. A tab runs in a browser, and a native node runs without one.",
    ],
    short="They are the same peer with the same protocol.",
    must=["same peer", "same protocol"],
)
fact(
    "contract-developer",
    names=["requestInference", "a contract developer"],
    ask=["[can|how can|how does] a [smart contract|contract] [ask|call|use] [the mesh|Racemesh|a model]", "<HD> [ask|call] [a model|the mesh|Racemesh] from [Solidity|a contract|a smart contract]", "what does a contract developer do", "what is requestInference [for|used for]"],
    held=["can Solidity code get an answer from the mesh", "which function does a contract use to ask for inference"],
    say=[
        "A contract calls requestInference from Solidity and gets a callback with the result. The result can be challenged.",
        "Contract developers call requestInference in Solidity. The answer comes back as a callback, and it can be challenged.",
    ],
    short="A contract calls requestInference and gets a callback.",
    must=["requestinference", "callback"],
)
fact(
    "peer",
    names=["a peer", "peers"],
    ask=["what counts as a peer", "who or what is a peer", "what kinds of peers are there"],
    held=["what do you call a participant of the mesh"],
    say=[
        "A peer is a participant of the mesh: a browser tab or a native node.",
        "A peer is either a tab in a browser or a native node. Both speak the same protocol.",
    ],
    short="A peer is a tab or a native node.",
    must=["peer", "tab", "native node"],
)
fact(
    "stage",
    names=["a stage", "stages"],
    ask=["what does a stage [do|hold|contain]", "what is a stage of a model"],
    held=["in the vocabulary, what is called a stage"],
    say=[
        "A stage is a contiguous range of layers that a peer serves for one model.",
        "A stage is the range of layers that one peer serves. All the stages in order make up the model.",
    ],
    short="A stage is the range of layers that a peer serves.",
    must=["stage", "layers", "serves"],
    follow=[["and [a shard|shards]", "shard"], ["and a pipeline", "pipeline"], ["how are [they|stages] chosen", "route"]],
)
fact(
    "shard",
    names=["a shard", "shards"],
    ask=["what is in a shard", "what does a shard contain", "what files [are in a shard|make up a shard]", "what is the difference between a stage and a shard"],
    held=["a stage has weight files, what are they called"],
    say=[
        "A shard is the set of weight files of a stage. A peer needs only the shard of its own stage.",
        "A shard is the weight files that belong to one stage. The stage is the range of layers, the shard is its files.",
    ],
    short="A shard is the weight files of a stage.",
    must=["shard", "weight files", "stage"],
    follow=[["how [large|big] is a piece of it", "pieces"], ["where does a peer get it", "fetch-pieces"]],
)
fact(
    "pipeline",
    names=["a pipeline", "the pipeline"],
    ask=["what makes up a pipeline", "what do stages form together", "what is a pipeline of stages"],
    held=["what do you call all the stages of a model in order"],
    say=[
        "A pipeline is a set of stages that covers all layers of a model, in order.",
        "Stages that together cover all layers, one after the other in order, are called a pipeline.",
    ],
    short="A pipeline is stages that cover all layers in order.",
    must=["pipeline", "all layers", "order"],
)
fact(
    "session",
    names=["a session", "sessions"],
    ask=["what is meant by a session", "what belongs to a session", "what is kept in a session"],
    held=["one generation together with its caches, what is that called"],
    say=[
        "A session is one generation together with its KV caches.",
        "One generation, with the KV caches that belong to it, is called a session.",
    ],
    short="A session is one generation with its KV caches.",
    must=["session", "generation", "kv caches"],
)
fact(
    "hop",
    names=["a hop", "hops"],
    ask=["what happens in a hop", "what is meant by one hop", "what is called a hop"],
    held=["passing a hidden state on once, what is that called"],
    say=[
        "A hop is one transfer of a hidden state from a stage to the next.",
        "One hidden-state transfer between two stages is called a hop.",
    ],
    short="A hop is one hidden-state transfer.",
    must=["hop", ["hidden state", "hidden-state"], "transfer"],
    follow=[["how [fast|quick] is [it|one]", "hop-speed"]],
)
fact(
    "relay",
    names=["a relay", "relays", "the relay"],
    ask=["what does [a|the] relay do", "what do relays do", "why [are there relays|do we need relays|does the mesh need relays]", "what is a relay [good for|for|used for]", "what role do relays play"],
    held=["what job has the relay", "tell me the tasks of a relay"],
    say=[
        "A relay introduces peers to each other. It does the signalling, speaks the OpenAI API to the outside, and is a fallback transport.",
        "Relays are light servers for signalling: they introduce peers to each other, serve as OpenAI gateway, and carry data only as a fallback.",
    ],
    short="A relay does signalling, is the OpenAI gateway and a fallback transport.",
    must=["relay", "signalling", "openai", "fallback"],
    follow=[["<HD> [run|start|host] one", "relay-host"], ["do they [carry|see] [tensors|the tensors|the data]", "relay-tensors"]],
)
fact(
    "tab-role",
    ask=["what does [a|my|this] tab do", "what does [my|a] browser tab [hold|run|compute]", "what [runs|happens] in my tab", "what is my tab doing"],
    held=["what work will my open tab perform"],
    say=[
        "Your tab holds some layers of a model on your GPU. It takes hidden states in, runs its layers, and passes the result to the next tab.",
        "A tab holds a few layers of a model. It runs them on your GPU and passes the hidden states to the next tab.",
    ],
    short="A tab runs some layers of a model and passes the result to the next tab.",
    must=["tab", "layers", "next tab"],
)
fact(
    "parts",
    ask=["what [parts|pieces|components] [does <RM> have|make up <RM>|is <RM> made of]", "<WA> the [main parts|parts|components] of <RM>", "what does <RM> consist of"],
    held=["name the building blocks of Racemesh"],
    say=[
        "The main parts are the app in the browser, the relay, the native node, the shared mesh code and the contracts on a chain.",
        "There is an app for the browser, a relay, a native node, code that all of them share, and contracts on an EVM chain.",
    ],
    short="The app, the relay, the native node, shared code and the contracts.",
    must=["app", "relay", "native node", "contracts"],
)
fact(
    "technology",
    ask=["what [language|programming language] is <RM> written in", "what [technology|tech|stack|framework|frameworks] does <RM> use", "is <RM> written in [Rust|Python|TypeScript|Go]", "how is [the app|<RM>] built"],
    held=["in which language did they program the mesh"],
    say=[
        "Racemesh is written in TypeScript. The app uses Svelte, the GPU kernels are WGSL, and the contracts are Solidity.",
        "Mostly TypeScript. The app is made with Svelte, the Race kernels are WGSL, and the contracts are Solidity.",
    ],
    short="TypeScript, with WGSL kernels and Solidity contracts.",
    must=["typescript", "solidity", "wgsl"],
)
