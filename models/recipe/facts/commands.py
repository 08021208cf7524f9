"""The command line and the HTTP API."""

from . import fact

fact(
    "request-command",
    names=["racemesh request"],
    ask=["<HD> [ask|send a request|send a prompt|chat] [from|in] [a terminal|the terminal|the command line|a shell]", "what does racemesh request do", "[which|what] command [sends|makes] a request", "is there a [command|terminal command] [to ask|for asking]"],
    held=["I live in the terminal, how can I ask the model"],
    say=[
        "Run racemesh request with your question. It sends the request to the mesh and prints the answer in the terminal.",
        "The command racemesh request sends a question to the mesh from a terminal and prints the answer.",
    ],
    short="Run racemesh request in a terminal.",
    must=["racemesh request", "terminal"],
)
fact(
    "pack-command",
    names=["racemesh pack", "the packer"],
    ask=["<HD> [pack|add|prepare|publish|bring in|import] [a model|my model|a new model|my own model]", "what does [racemesh pack|the packer] do", "[which|what] command [packs|prepares] a model", "<CAN> use my own model"],
    held=["I have a model folder, how does it get into the mesh", "how are model weights made ready for tabs"],
    say=[
        "Use racemesh pack on a model in the Hugging Face layout. The packer writes a manifest and one weight file per layer, split into 1 MiB pieces.",
        "The packer, racemesh pack, turns a Hugging Face model into a manifest plus one weight file per layer.",
    ],
    short="racemesh pack makes a manifest and one weight file per layer.",
    must=["racemesh pack", "manifest", "per layer"],
    follow=[["how [large|big] are the pieces", "pieces"], ["what is the id of [the|that] model", "model-id"]],
)
fact(
    "cli",
    names=["the command line", "the CLI", "the racemesh CLI", "the racemesh command"],
    ask=["[which|what] commands [are there|exist|does racemesh have|can I run]", "<TELL> [the|all the] commands", "list [the|all] commands", "what can I do [in|from] the [terminal|command line]", "how do I use the command line"],
    held=["show me every subcommand of the racemesh tool"],
    say=[
        "The racemesh command has node, request, pack, race and bench. A relay starts with npx relay.",
        "There are racemesh node, request, pack, race and bench, and npx relay for a relay.",
    ],
    short="node, request, pack, race and bench, plus npx relay.",
    must=["node", "request", "pack", "bench", "npx relay"],
    follow=[["what does pack do", "pack-command"], ["what does node do", "node-operator"], ["what does request do", "request-command"]],
)
fact(
    "cli-json",
    ask=["<CAN> get [json|machine-readable|JSON] output[| from the command line| from the CLI]", "does the [CLI|command line|terminal tool] [have|support] [json|JSON]", "<HD> [use|call] the CLI in a script", "what does the --json flag do"],
    held=["I want to parse the output of the racemesh command in a script"],
    say=[
        "Every command takes --json for machine-readable output, and the exit codes mean something.",
        "Yes, use --json. It works with every command, and scripts can trust the exit codes.",
    ],
    short="Use --json; every command has it.",
    must=["--json", "every command"],
)
fact(
    "openai-api",
    names=["the OpenAI API", "the OpenAI endpoint", "the API"],
    ask=["is there an [API|OpenAI API|OpenAI-compatible API|HTTP API]", "does <RM> [have|offer|speak|support] [an API|the OpenAI API|an OpenAI endpoint]", "<HD> [use|call] the [API|OpenAI API|endpoint]", "<CAN> use [an OpenAI client|the OpenAI SDK|my OpenAI code|an existing client]", "what is the [URL|address|path] of the [API|endpoint]", "which endpoint do I call"],
    held=["my program already uses an OpenAI library, can it talk to the mesh", "at which path does the gateway listen for chat"],
    say=[
        "Yes. A relay speaks the OpenAI API: send your messages to /v1/chat/completions on the relay.",
        "Relays speak the OpenAI API to the outside. Point your client at a relay and call /v1/chat/completions.",
    ],
    short="Call /v1/chat/completions on a relay.",
    must=["relay", "/v1/chat/completions"],
    follow=[["what [fields|values] [do I send|does it take|are in the request]", "request-fields"], ["how do I pay[| for it]", "pay-how"]],
)
fact(
    "request-fields",
    ask=["what [is in|goes into|belongs in|does one put in] a request", "[which|what] [fields|parameters|values] [does a request have|can I set in a request|do I send with a request]", "what does a request [contain|look like]"],
    held=["tell me the parts that make up a request"],
    say=[
        "A request has the model, the messages, a maximum fee, a deadline and the wanted verification.",
        "You send the model, the messages, a maximum fee, a deadline and how it should be verified.",
    ],
    short="The model, the messages, a maximum fee, a deadline and the verification.",
    must=["model", "messages", "maximum fee", "deadline"],
)
fact(
    "max-fee",
    names=["the maximum fee", "max_fee"],
    ask=["can [it|a request|an answer] cost more than [I agreed|I said|the maximum|my limit]", "<HD> [limit|cap] [the price|what I pay|the cost][| of a request]", "is there a [price limit|limit on the price|spending limit]"],
    held=["how do I make sure that I am not charged too much"],
    say=[
        "Every request states a maximum fee, and the price is never above it.",
        "You set a maximum fee in the request. You never pay more than that.",
    ],
    short="You set a maximum fee and never pay more.",
    must=["maximum fee", "never"],
)
fact(
    "run-locally",
    ask=["<HD> [try|test|run|start] <RM> [locally|on my machine|on my own computer|at home|as a developer]", "how do developers [start|run] [it|the app|the project]", "what does npm run dev do", "<HD> see two tabs work together"],
    held=["what do I type to try everything on my laptop"],
    say=[
        "Run npm ci, then npx relay for a relay, and npm run dev for the app. Open two tabs, and they do a job together.",
        "Start a relay with npx relay and the app with npm run dev, then open the page in two tabs.",
    ],
    short="Start npx relay and npm run dev, then open two tabs.",
    must=["npx relay", "npm run dev", "two tabs"],
)
fact(
    "bench",
    names=["racemesh bench"],
    ask=["how are [the promises|the figures|speeds|the numbers] [measured|checked]", "<HD> [measure|benchmark] [the mesh|speed|Racemesh|my machine]", "are there benchmarks", "what does racemesh bench do"],
    held=["is there a way to see how fast everything is"],
    say=[
        "Benchmarks measure it, such as npm run bench:mesh and racemesh bench. They print the machine that made the numbers.",
        "Use racemesh bench or npm run bench:mesh. Each figure is printed with the machine that made it.",
    ],
    short="With benchmarks such as npm run bench:mesh and racemesh bench, printed with the machine.",
    must=["bench:mesh", "racemesh bench", "machine"],
)
