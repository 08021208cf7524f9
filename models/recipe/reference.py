"""Writes what transformers computes for a few prompts on a CPU in float32, so that other engines can be compared with it.

    python reference.py [FOLDER [OUT.json]]

FOLDER may be any folder in the Hugging Face layout, for example one whose weights were quantised and put back.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoTokenizer, LlamaForCausalLM

HERE = Path(__file__).resolve().parent
NEW_TOKENS = 40


def turn(*texts: str) -> list[dict[str, str]]:
    """User and assistant in turn, beginning with the user."""
    return [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(texts)]


LONG_TALK = turn(
    "Hello, who are you?",
    "I am the Racemesh guide, a very small language model that answers questions about Racemesh.",
    "What is Racemesh?",
    "Racemesh is a browser-first mesh that answers AI requests. People open a tab and lend their GPU, and each tab holds some layers of a model.",
    "What happens if a tab closes?",
    "A replacement takes over. The stage before the dead one replays its saved activations, and no token is lost.",
    "And what is a receipt?",
    "A receipt is a signed statement of work by a stage. It is signed when the session ends or every few tokens.",
    "Who can read my messages?",
    "Whoever runs a stage can read what it processes, so do not send secrets.",
    "How do I stop?",
    "Press Stop. It is always in the same place and halts GPU work within a second.",
    "What is the capital of France?",
    "I do not know that. I only know about Racemesh.",
)

PROMPTS = [
    turn("What is Racemesh?"),
    turn("hello"),
    turn("How do I run a relay?"),
    turn("What is the capital of Peru?"),
    [{"role": "system", "content": "Answer briefly."}, *turn("What are the power positions?")],
    turn("Who can read my prompts? 漢字 Zürich €5 😀"),
    turn("What is a stage?", "A stage is a contiguous range of layers that a peer serves for one model.", "shorter please"),
    turn("I am new here. A friend sent me the link yesterday. I like to understand things before I use them. I have a laptop and an old desktop at home. Do I need a wallet? Thank you in advance."),
    turn("My name is Ana.", "Hello Ana. What would you like to know about Racemesh?", "How does Racemesh work?", "Each tab runs its layers and passes the hidden states to the next tab over WebRTC. The last one picks the token.", "What is my name?"),
    [{"role": "system", "content": "You are the Racemesh guide."}, *LONG_TALK[:4], *turn("How does it work?")],
    [*LONG_TALK, *turn("Why is the Race integer arithmetic?")],
    [{"role": "system", "content": "You are a helpful assistant. Answer in plain English."}, *LONG_TALK, *LONG_TALK[2:10], *turn("What does npx racemesh node do?")],
]


@torch.no_grad()
def reference(folder: Path) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    cases = []
    for messages in PROMPTS:
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        # The whole sequence is computed again for each token: slower than a cache, and with nothing that could go stale.
        ids, gaps, first = list(prompt), [], None
        for _ in range(NEW_TOKENS):
            logits = model(torch.tensor([ids])).logits[0, -1]
            first = logits if first is None else first
            top = logits.topk(2)
            gaps.append(round((top.values[0] - top.values[1]).item(), 5))
            ids.append(int(top.indices[0]))
            if ids[-1] == tokenizer.eos_token_id:
                break
        best = first.topk(8)
        cases.append(
            {
                "messages": messages,
                "promptText": tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False),
                "promptIds": prompt,
                "greedyIds": ids[len(prompt) :],
                "greedyText": tokenizer.decode(ids[len(prompt) :], skip_special_tokens=True),
                "gaps": gaps,
                "lastLogits": [round(value, 5) for value in first[:32].tolist()],
                "top": [{"id": int(id), "logit": round(value, 5)} for id, value in zip(best.indices.tolist(), best.values.tolist())],
            }
        )
    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "dtype": "float32", "maxNewTokens": NEW_TOKENS, "cases": cases}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "guide"
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "reference.json"
    torch.set_num_threads(1)
    out.write_text(json.dumps(reference(folder), ensure_ascii=False, indent=1) + "\n")
