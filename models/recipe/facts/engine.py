"""Models, weights, routing and the engine."""

from . import fact

fact(
    "route",
    ask=["how [is|are] [a route|the route|the stages|peers|the path] [chosen|picked|selected]", "how does [routing|the routing] work", "who decides which [peers|tabs] answer", "how does [a request|my request] find [its|the] [peers|tabs|way]", "what is routing"],
    held=["by which rule are peers put together for my question"],
    say=[
        "Routing finds the cheapest path of stages that covers all layers. It weighs stage time, hop time, price, weight and reputation.",
        "The route is a shortest path over layers and peers. Stage time, hop time, price, weight and reputation are its costs.",
    ],
    short="By a shortest path over stage time, hop time, price, weight and reputation.",
    must=["path", "stage time", "price", "reputation"],
    follow=[["[is it better to have|why] few [large|fat|big] stages", "fat-stages"]],
)
fact(
    "fat-stages",
    ask=["[is it better to have|does it prefer|are] [few|many] [stages|big stages|thin stages|small stages][| or many| or few| better]", "why [few|fewer] [stages|big stages]", "are many small stages [good|slow|better]"],
    held=["should a model be cut in a lot of little stages"],
    say=[
        "Few fat stages beat many thin ones, because each stage more means one hop more for every token.",
        "Few fat stages are better than many thin ones. Every extra stage adds a hop to each token.",
    ],
    short="Few fat stages beat many thin ones.",
    must=["few fat stages", "thin"],
)
fact(
    "prefill",
    names=["prefill", "the prefill"],
    ask=["what happens [with|to] my prompt first", "how is [the prompt|my prompt|a long prompt] [processed|read|handled]", "what happens before the first token"],
    held=["what do you call the step in which the prompt is read"],
    say=[
        "Prefill is the first step: the prompt goes through the stages in chunks, and the chunks overlap along the pipeline.",
        "In the prefill the prompt runs through the pipeline in chunks, so that the stages work at the same time.",
    ],
    short="In the prefill the prompt runs through the stages in chunks.",
    must=["prefill", "prompt", "chunks"],
    follow=[["what [comes|happens] [next|after that|then]", "token-loop"]],
)
fact(
    "token-loop",
    names=["the token loop"],
    ask=["how is [a token|each token|the next token] [made|produced|chosen|sampled|generated]", "where is the token [picked|sampled|chosen]", "[which|what] stage samples[| the token]", "how does [an answer|the answer|a token] get back to [me|the asker]"],
    held=["who picks the next word of the answer"],
    say=[
        "The hidden state runs from stage to stage. The last stage samples the token and returns it directly to the head and to the asker.",
        "In the token loop each stage passes the hidden state on. The last stage samples the token and sends it directly to the asker.",
    ],
    short="The last stage samples the token and sends it directly to the asker.",
    must=["last stage samples", "directly", "asker"],
)
fact(
    "sampling-replay",
    ask=["is [sampling|the sampling] [random|deterministic|replayable]", "<CAN> [replay|repeat|check] [the sampling|how a token was sampled]", "what is seeded sampling", "does the same seed give the same [answer|tokens]"],
    held=["can somebody prove later that the token was drawn honestly"],
    say=[
        "Sampling is seeded, so it can be replayed: the same seed gives the same tokens, and a verifier can check it.",
        "The sampling uses a seed and is replayable. A verifier can repeat it and check the tokens.",
    ],
    short="Sampling is seeded and can be replayed.",
    must=["sampling", "seed", ["replay"]],
)
fact(
    "model-layout",
    ask=["[which|what] model [format|formats|files] [does it take|are supported|can I use|do you support|does <RM> take]", "in [what|which] format [must|should] a model be", "does it [support|take] [safetensors|Hugging Face models]", "which models [can|does] <RM> [run|support]"],
    held=["what must a model folder look like to be accepted"],
    say=[
        "A model comes in the Hugging Face layout: config.json, tokenizer.json and safetensors files.",
        "Models arrive in the Hugging Face layout, with config.json, tokenizer.json and weights as safetensors.",
    ],
    short="The Hugging Face layout with safetensors weights.",
    must=["hugging face", "safetensors"],
    follow=[["how do I [pack|add] one", "pack-command"]],
)
fact(
    "pieces",
    names=["a piece", "pieces"],
    ask=["how [large|big] is [a piece|each piece|one piece]", "how are [weights|weight files|the weights] [split|cut|divided|stored]", "into what [pieces|parts] are weights cut"],
    held=["what is the size of the chunks in which weights are kept"],
    say=[
        "Weight files are split into pieces of 1 MiB under a Merkle tree, so each piece can be checked alone.",
        "Each weight file is cut into 1 MiB pieces. A Merkle tree over the pieces lets a peer check every one.",
    ],
    short="Weight files are split into 1 MiB pieces under a Merkle tree.",
    must=["1 mib", "merkle"],
    follow=[["[where|how] does a peer get them", "fetch-pieces"]],
)
fact(
    "model-id",
    names=["the id of a model", "a model id"],
    ask=["how is a model [identified|named on chain|addressed]", "where does [the|a] model id come from", "what is the Merkle root of a model"],
    held=["how can I recognise a model for sure"],
    say=[
        "The id of a model is the root of the Merkle tree over its pieces. It is the same on chain.",
        "A model is known by its Merkle root, and that root is its id on chain too.",
    ],
    short="The Merkle root is the id of the model.",
    must=["root", "id", "merkle"],
)
fact(
    "fetch-pieces",
    ask=["[where|how] does [a peer|my tab|a tab] [get|fetch|download] [the weights|its weights|the model|its pieces|its shard]", "[where|what] do the weights come from", "what does my tab download", "does my tab download the whole model", "[must|do] I [have to |]download the whole model"],
    held=["is the entire model transferred to my computer", "from whom do I receive the weights"],
    say=[
        "A peer fetches only the pieces of its own stage, from relays over HTTP and from other peers, and checks each piece before use.",
        "Only the pieces of its stage. They come from relays over HTTP and from other peers, and each is checked before use.",
    ],
    short="A peer fetches only the pieces of its stage, from relays and peers.",
    must=["only the pieces", "stage", "relays", "peers"],
    follow=[["where are they [kept|stored|saved]", "opfs"]],
)
fact(
    "opfs",
    names=["OPFS"],
    ask=["where are [the weights|weights|downloaded pieces|pieces] [kept|stored|saved|cached]", "do I have to download [again|everything again|the weights again]", "how much disk [space|room] [does it use|is used]", "what happens to [the download|my download] [when|if] I close the tab"],
    held=["is the download lost after a restart of the browser"],
    say=[
        "Pieces are kept in OPFS, the private storage of the browser, within a quota. A download resumes after a closed tab.",
        "The tab keeps its pieces in OPFS within a quota, so a download resumes where it was after the tab is closed.",
    ],
    short="Pieces are kept in OPFS within a quota, and downloads resume.",
    must=["opfs", "quota", "resume"],
)
fact(
    "onnx-graph",
    names=["the ONNX graph", "the engine"],
    ask=["[which|what] [engine|runtime] [does it use|runs the model|runs the layers|is used]", "does it use [ONNX|ONNX Runtime|WebGPU]", "where does the ONNX graph come from", "what runs the layers[| in a tab]"],
    held=["which software computes the layers in the browser"],
    say=[
        "ONNX Runtime runs the layers, with WebGPU or else WASM. The graph of a stage is generated in TypeScript from the manifest.",
        "The engine is ONNX Runtime. We generate the graph of each stage in TypeScript, and it runs on WebGPU, or on WASM otherwise.",
    ],
    short="ONNX Runtime on WebGPU or WASM, with a generated graph.",
    must=["onnx runtime", "webgpu", "wasm"],
)
fact(
    "no-webgpu",
    ask=["what [if|happens if] [my browser|the browser|I] [has no|have no|lacks|does not support] [WebGPU|a GPU]", "<CAN> [contribute|take part|help] without [WebGPU|a GPU]", "<NEED> [WebGPU|a GPU|a graphics card]", "does it [run|work] [on a CPU|without a GPU|on the CPU]"],
    held=["my old laptop does not offer WebGPU, is that a problem"],
    say=[
        "A tab uses WebGPU when there is one. Without it, the same graph runs on WASM.",
        "Without WebGPU the engine falls back to WASM, with the same graph.",
    ],
    short="Without WebGPU it runs on WASM.",
    must=["webgpu", "wasm", "without"],
)
fact(
    "encodings",
    ask=["how are weights [encoded|quantised|quantized|compressed]", "[which|what] [encodings|encoding|quantization|precision] [are used|is used|does it use|are there]", "does it use [4-bit|8-bit|4 bit|8 bit] weights", "how many bits [has|does] a weight [|have]"],
    held=["are the model weights shrunk to fewer bits"],
    say=[
        "Weights are 4-bit for WebGPU and native nodes, and 8-bit for WASM. To the verifier these are different models.",
        "There are two encodings: 4-bit for WebGPU and native, 8-bit for WASM. The verifier treats them as different models.",
    ],
    short="4-bit for WebGPU and native, 8-bit for WASM.",
    must=["4-bit", "8-bit", "webgpu", "wasm"],
)
fact(
    "self-test",
    names=["the golden self-test", "the self-test"],
    ask=["is [my device|the device|my GPU|a GPU] [tested|checked] [first|before work|before it takes work]", "how do you know [that a|my] [GPU|device] [computes|works] correctly", "what happens before [my device|a device|my GPU] takes work"],
    held=["what if my graphics card computes wrong numbers"],
    say=[
        "A device must pass a golden self-test before it takes work: a prefill of 48 tokens, then some decoding, compared with known results.",
        "Before a device takes work it runs the golden self-test: 48 tokens of prefill and then decode steps.",
    ],
    short="It must pass a golden self-test with 48 tokens first.",
    must=["self-test", "48"],
)
fact(
    "kv-cache",
    names=["a KV cache", "the KV cache", "KV caches"],
    ask=["where [is|are] the KV [cache|caches] [kept|stored]", "what is kept on the GPU", "does the KV cache leave [the GPU|my tab]"],
    held=["in which memory live the keys and values of a session"],
    say=[
        "A KV cache holds the keys and values of a session, so that earlier tokens are not computed again. It stays on the GPU.",
        "KV caches remember the earlier tokens of a session. They stay on the GPU of each stage.",
    ],
    short="It remembers a session's earlier tokens and stays on the GPU.",
    must=["tokens", "session", "on the gpu"],
)
