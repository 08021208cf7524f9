"""Writes the test questions as JSON and measures a model folder on them with transformers: right answers, and loss on the references.

    python evaluate.py [FOLDER]          # prints the figures, the wrong answers with --wrong
    python evaluate.py --write           # writes heldout.json and fresh.json
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import AutoTokenizer, LlamaForCausalLM

from dialogues import FACTS, held_out
from fresh import FRESH
from tokens import GUIDE

HERE = Path(__file__).resolve().parent
NEW_TOKENS = 80


def fresh() -> list[dict]:
    """The questions of `fresh.py` in the form of the held-out ones."""
    return [
        {"id": f"fresh/{id}/{i}", "kind": "fresh", "messages": [{"role": "user", "content": question}], "mustInclude": [list(group) for group in FACTS[id].must], "reference": FACTS[id].say[0]}
        for i, (id, question) in enumerate(FRESH)
    ]


def write() -> None:
    """One question per line, so that a change shows as the lines that changed."""
    for name, items in (("heldout.json", held_out()), ("fresh.json", fresh())):
        lines = [json.dumps({key: value for key, value in item.items() if key != "wording"}, ensure_ascii=False) for item in items]
        (HERE / name).write_text("[\n" + ",\n".join(lines) + "\n]\n")


def is_right(answer: str, must: list[list[str]]) -> bool:
    """An answer is right when every group has a phrase that occurs in it, lower-cased."""
    return all(any(phrase.lower() in answer.lower() for phrase in group) for group in must)


@torch.no_grad()
def evaluate(folder: Path, questions: Path, show_wrong: bool) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    right, count, total, tokens = Counter(), Counter(), 0.0, 0
    for item in json.loads(questions.read_text()):
        prompt = tokenizer.apply_chat_template(item["messages"], add_generation_prompt=True, return_dict=False)
        output = model.generate(torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False)[0, len(prompt) :]
        answer = tokenizer.decode(output, skip_special_tokens=True)
        ok = is_right(answer, item["mustInclude"])
        right[item["kind"]] += ok
        count[item["kind"]] += 1
        if show_wrong and not ok:
            print(f"{item['id']}: {item['messages'][-1]['content']}\n    {answer}")
        reference = [*tokenizer.encode(item["reference"], add_special_tokens=False), tokenizer.eos_token_id]
        logits = model(torch.tensor([prompt + reference])).logits[0, len(prompt) - 1 : -1]
        total += F.cross_entropy(logits, torch.tensor(reference), reduction="sum").item()
        tokens += len(reference)
    return {
        "questions": sum(count.values()),
        "right": sum(right.values()),
        "share": round(sum(right.values()) / sum(count.values()), 4),
        "byKind": {kind: f"{right[kind]}/{count[kind]}" for kind in count},
        "loss": round(total / tokens, 4),
        "referenceTokens": tokens,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=GUIDE)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.write:
        write()
    else:
        for name in ("heldout.json", "fresh.json"):
            print(name, json.dumps(evaluate(options.folder, HERE / name, options.wrong), indent=2))
