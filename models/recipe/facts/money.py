"""Receipts, payment, wallets and contracts."""

from . import fact

fact(
    "receipt",
    names=["a receipt", "receipts"],
    ask=["what does a receipt [say|contain|prove]", "who signs a receipt", "when is a receipt signed", "what are receipts for"],
    held=["how does a stage prove on paper what it did"],
    say=[
        "A receipt is a signed statement of work by a stage. It is signed when the session ends or every few tokens.",
        "Each stage signs a receipt for its work. It is an EIP-712 statement, and it can be settled on a chain.",
    ],
    short="A receipt is a signed statement of work by a stage.",
    must=["receipt", "statement", "sign", "work"],
    follow=[["how are they settled", "batch"], ["and [what is |]a voucher", "voucher"]],
)
fact(
    "voucher",
    names=["a voucher", "vouchers"],
    ask=["what does a voucher [say|promise]", "who signs a voucher", "how do vouchers work", "what are vouchers for"],
    held=["by which promise does the person who asks pay step by step"],
    say=[
        "A voucher is a signed promise to pay by the asker. It grows with the tokens that arrived.",
        "Vouchers are cumulative promises to pay. The asker signs a larger one as tokens arrive, so little is ever owed.",
    ],
    short="A voucher is the asker's cumulative promise to pay.",
    must=["voucher", ["promise to pay", "promises to pay"], "asker"],
    follow=[["[and|and what is] a receipt", "receipt"]],
)
fact(
    "receipt-vs-voucher",
    ask=["[what is|what's] the difference between a receipt and a voucher", "is a receipt the same as a voucher", "how do receipts differ from vouchers", "receipt or voucher, what is [what|which]"],
    held=["compare vouchers with receipts"],
    say=[
        "A receipt is signed by a stage and states its work. A voucher is signed by the asker and promises to pay.",
        "The stage signs a receipt for work done. The asker signs a voucher, a promise to pay.",
    ],
    short="A stage signs a receipt; the asker signs a voucher.",
    must=["receipt", "stage", "voucher", "asker"],
)
fact(
    "batch",
    names=["a batch", "batches"],
    ask=["what [is in|goes into] a batch", "who makes the batches", "how are receipts [gathered|collected|bundled|settled]", "how does settlement work", "what is settlement"],
    held=["how do many receipts get onto the chain together"],
    say=[
        "A batch is a set of receipts settled under one Merkle root. Relays gather them, and the validator quorum signs the root.",
        "Relays gather receipts into a batch under one Merkle root. The validator quorum signs the root, and the contract pays out.",
    ],
    short="A batch is receipts settled under one Merkle root.",
    must=["batch", "receipts", "one merkle root"],
    follow=[["how much gas does [it|that] [cost|take|need]", "gas"]],
)
fact(
    "gas",
    ask=["how much gas does [settlement|a receipt|a claim|settling] [cost|need|use]", "is settlement [cheap|expensive]", "what does it cost to settle", "what are the gas [costs|figures]"],
    held=["how expensive is one receipt on the chain"],
    say=[
        "At most 50 gas per receipt in a batch of 4,096, at most 2 gas at 131 thousand, and a claim at most 52 thousand gas.",
        "Settling is cheap: at most 50 gas per receipt at 4,096 in a batch, and a claim of at most 52 thousand gas.",
    ],
    short="At most 50 gas per receipt, and 52 thousand for a claim.",
    must=["50 gas per receipt", "52 thousand"],
)
fact(
    "claim",
    ask=["<HD> [claim|get|withdraw|receive] [my rewards|my earnings|my money|what I earned]", "what is a claim", "how do [claims|payouts] work", "how does the contract pay[| out]"],
    held=["which way does the money take from the contract to me"],
    say=[
        "The contract pays out by claims that count everything you earned so far. A wallet claims what your receipts have gathered.",
        "A wallet claims the earnings. Claims are cumulative over the lifetime, so the contract pays only what is new.",
    ],
    short="A wallet claims what the receipts have gathered.",
    must=["wallet claims"],
)
fact(
    "wallet-needed",
    ask=["<NEED> [a wallet|a crypto wallet|a wallet to contribute|a wallet to start]", "<CAN> [contribute|start|take part|join] without a wallet", "is a wallet [needed|required|necessary]", "why [is there|do you need] a wallet"],
    held=["I own no wallet, may I lend my GPU anyway"],
    say=[
        "No wallet is needed to begin. Receipts accrue to a local session key, and a wallet can claim them later.",
        "You need no wallet to begin. What you earn goes to a session key in the browser, and a wallet claims it later.",
    ],
    short="No wallet is needed to begin.",
    must=["no wallet", "to begin"],
    follow=[["what is [that|a|the] session key", "session-key"], ["how do I claim[| later]", "claim"]],
)
fact(
    "session-key",
    names=["a session key", "the session key"],
    ask=["what does the session key do", "what does my wallet [sign|delegate]", "how does delegation work", "what [do I|does a wallet] sign"],
    held=["which key gathers what I earn before I connect a wallet"],
    say=[
        "The session key is a local key that gathers your receipts. A wallet signs once to delegate to it, with a cap and an expiry.",
        "Receipts accrue to the session key in your browser. Your wallet signs once to delegate to it, with a cap and an expiry.",
    ],
    short="A local session key gathers receipts; a wallet delegates to it with a cap.",
    must=["session key", "receipts", "cap"],
)
fact(
    "signature-words",
    ask=["will I [understand|know] what I sign", "what do I see before I sign", "are signature requests [explained|clear]", "is it safe to sign"],
    held=["do I have to sign things that I cannot read"],
    say=[
        "Every signature request shows plain words first, so you know what you sign.",
        "Before each signature the app shows plain words that say what it does.",
    ],
    short="It shows plain words first.",
    must=["plain words"],
)
fact(
    "pay-how",
    ask=["<HD> pay[| for answers| for an answer| for requests]", "how do askers pay", "what does [it|an answer|a request|a token] cost", "is <RM> free", "is it free[| of charge]", "do I have to pay", "what is the price[| of an answer]"],
    held=["which payment methods do askers have", "does asking a question cost money"],
    say=[
        "Askers pay by a channel of vouchers, by x402 on the HTTP API, or not at all on a relay that sponsors them.",
        "There are three ways: vouchers in a channel, x402 on the HTTP API, or a relay that sponsors you, which is free.",
    ],
    short="By vouchers, by x402, or not at all on a relay that sponsors you.",
    must=["vouchers", "x402", "sponsors"],
    follow=[["can it cost more than I want", "max-fee"], ["what is x402", "x402"]],
)
fact(
    "x402",
    names=["x402"],
    ask=["what is x402 for", "does the API support x402", "how do I pay on the HTTP API", "where is x402 used"],
    held=["which payment does the HTTP interface take"],
    say=[
        "x402 is the way to pay on the HTTP API of a relay.",
        "With x402 an asker pays on the HTTP API.",
    ],
    short="x402 is the way to pay on the HTTP API.",
    must=["x402", "http api"],
)
fact(
    "owed",
    ask=["<CAN> be cheated[| of my money]", "what if [the asker|an asker] does not pay", "what if the asker [leaves|stops paying]", "how much can [be owed|somebody owe me|I lose]"],
    held=["the person who asked ran away without paying, how big is my loss"],
    say=[
        "The voucher grows with the tokens that arrive, so nobody is ever owed more than a few tokens.",
        "Nobody is ever owed more than a few tokens, because the voucher grows as tokens arrive.",
    ],
    short="Nobody is ever owed more than a few tokens.",
    must=["nobody is ever owed", "a few tokens"],
)
fact(
    "earn",
    ask=["how much [can I|do I|will I] [earn|make]", "<CAN> earn [money|something|tokens]", "what do I [earn|get] [for contributing|for my GPU|for lending my GPU]", "do contributors [earn|get paid|get money]", "will I get rich", "do you pay [me|contributors]"],
    held=["is there any income from leaving the tab open"],
    say=[
        "Contributors earn for checked work, by receipts. I do not know how much, and I promise no amount.",
        "You earn by receipts for checked work. How much that is, I do not know.",
    ],
    short="You earn by receipts for checked work; I do not know how much.",
    must=["earn", "receipts", "checked work"],
    follow=[["when do I get it", "held-rewards"], ["do I need a wallet", "wallet-needed"]],
)
fact(
    "contracts",
    names=["the contracts", "the smart contracts"],
    ask=["[which|what] [contracts|smart contracts] [are there|does Racemesh have|exist]", "what do the contracts do", "what runs on [the chain|chain|the blockchain]", "what is on chain"],
    held=["which tasks are done by smart contracts"],
    say=[
        "There are contracts for the token, channels, the provider registry, epochs, batches, disputes, the model registry, price votes, the treasury and governance.",
        "Contracts handle the token, payment channels, providers, epochs, batches, disputes and models, and also price votes and governance.",
    ],
    short="Contracts for token, channels, epochs, batches, disputes and governance.",
    must=["token", "channels", "batches", "disputes", "governance"],
)
fact(
    "chain",
    ask=["[which|what] [chain|blockchain] [does it use|is used|is it on]", "does it use [a blockchain|a chain|Ethereum|crypto]", "is there a blockchain", "where is work settled"],
    held=["on what kind of ledger are payments made"],
    say=[
        "Work is settled by contracts on an EVM chain.",
        "It uses an EVM chain: receipts are settled there by contracts in Solidity.",
    ],
    short="An EVM chain with contracts.",
    must=["evm chain", "contracts"],
)
fact(
    "quorum",
    names=["the quorum", "the validator quorum"],
    ask=["who signs [the root|a batch|the batches]", "what does the quorum [do|sign]", "what are validators for"],
    held=["whose signature makes a batch valid"],
    say=[
        "The validator quorum signs the Merkle root of each batch, with an aggregated BLS signature.",
        "A quorum of validators signs the root of a batch. Their BLS signatures are put together into one.",
    ],
    short="The quorum of validators signs the root with BLS.",
    must=["quorum", "sign", "root", "bls"],
)
