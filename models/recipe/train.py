"""Trains the guide on a CPU, in bfloat16 where the machine multiplies it quickly; it can be stopped and resumed.

    python train.py --steps 2600 --out runs/main
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F

from dialogues import Writer, banned_wordings, held_out
from model import Guide
from tokens import PAD, encode, load_tokenizer

# Loss weight of tokens that the assistant does not write, until step `FOCUS`; after it they do not count, and their logits
# are not computed. A little of it teaches word order early; later it is a third of the gradient and spends a small
# model's capacity on predicting questions.
OTHER_WEIGHT = 0.05
POOL = 4096
LONGEST = 768
WARMUP = 200
FLAT = 1000
FOCUS = 1500


def batches(seed: int, budget: int, skip: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yields (ids, weights), both [batch, length + 1], for ever, each of about `budget` tokens and nearly without padding.

    Every pool of conversations has its own seed, so that a resumed run sees exactly what an unbroken one would.
    """
    tokenizer, banned = load_tokenizer(), banned_wordings()
    seen, pool = 0, 0
    while True:
        rng, writer = random.Random(f"{seed}/{pool}"), Writer(seed * 1_000_003 + pool, banned)
        pool += 1
        samples = [pair for pair in (encode(tokenizer, writer.conversation()) for _ in range(POOL)) if len(pair[0]) <= LONGEST]
        samples.sort(key=lambda pair: len(pair[0]))
        groups, group = [], []
        for pair in samples:
            if group and len(pair[0]) * (len(group) + 1) > budget:
                groups.append(group)
                group = []
            group.append(pair)
        groups.append(group)
        rng.shuffle(groups)
        for group in groups:
            seen += 1
            if seen <= skip:
                continue
            width = max(len(ids) for ids, _ in group)
            ids = torch.full((len(group), width), PAD)
            weights = torch.zeros(len(group), width)
            for row, (tokens, wanted) in enumerate(group):
                ids[row, : len(tokens)] = torch.tensor(tokens)
                weights[row, : len(tokens)] = torch.tensor([1.0 if w else OTHER_WEIGHT for w in wanted])
            yield ids, weights


def loss_of(model: Guide, ids: torch.Tensor, weights: torch.Tensor, is_bfloat: bool, least: float) -> torch.Tensor:
    """Weighted mean loss over the tokens that weigh at least `least`."""
    kept = weights[:, 1:] >= least
    with torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat):
        logits = model(ids[:, :-1], kept)
    losses = F.cross_entropy(logits.float(), ids[:, 1:][kept], reduction="none")
    return (losses * weights[:, 1:][kept]).sum() / weights[:, 1:][kept].sum()


def schedule(step: int, steps: int) -> float:
    """Share of the highest rate: warm-up, flat, a quick fall by a square root, then a straight line to the end.

    Only the last stretch depends on `steps`, so that a run can be made longer while it goes. The quick fall is there because at 2.5e-3 the loss of this model stops falling near step 650.
    """
    if step < FLAT:
        return min(1.0, (step + 1) / WARMUP)
    root = 1 - math.sqrt((min(step, FOCUS) - FLAT) / 2200)
    return root if step < FOCUS else max(0.01, root * (steps - step) / (steps - FOCUS))


@torch.no_grad()
def held_out_loss(model: Guide) -> float:
    """Mean loss in nats over the reference answers (and their end token) of the held-out questions, in float32."""
    tokenizer, total, count = load_tokenizer(), 0.0, 0
    for item in held_out():
        ids, _ = encode(tokenizer, item["messages"])
        answer, _ = encode(tokenizer, [{"role": "assistant", "content": item["reference"]}])
        start, ids = len(ids), ids + answer[1:]
        logits = model(torch.tensor([ids[:-1]]))[0]
        # The role token is part of the prompt, so the loss begins with the token after it.
        total += F.cross_entropy(logits[start:], torch.tensor(ids[start + 1 :]), reduction="sum").item()
        count += len(ids) - start - 1
    return total / count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2600, help="where the learning rate reaches its end")
    parser.add_argument("--stop", type=int, help="stop earlier, at a multiple of 250 steps")
    parser.add_argument("--budget", type=int, default=3072, help="tokens in a batch")
    parser.add_argument("--rate", type=float, default=2.5e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--float32", action="store_true", help="do not use bfloat16 for the products")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)

    model = Guide()
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=options.rate, betas=(0.9, 0.95), fused=True
    )
    step, tokens, spent = 0, 0, 0.0
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, tokens, spent = state["step"], state["tokens"], state["seconds"]

    def save() -> None:
        # Written aside and renamed, so that stopping in the middle cannot leave half a file.
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "tokens": tokens, "seconds": spent}
        torch.save(state, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)

    for ids, weights in batches(options.seed, options.budget, step):
        if step >= min(options.steps, options.stop or options.steps):
            break
        began = time.monotonic()
        rate = options.rate * schedule(step, options.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(model, ids, weights, not options.float32, OTHER_WEIGHT if step < FOCUS else 1.0)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        tokens += ids.numel()
        spent += time.monotonic() - began
        if step % 50 == 0:
            line = {"step": step, "loss": round(loss.item(), 4), "rate": round(rate, 6), "tokens": tokens, "tokensPerSecond": round(tokens / spent), "seconds": round(spent)}
            if step % 500 == 0 or step == options.steps:
                line["heldOutLoss"] = round(held_out_loss(model), 4)
            print(json.dumps(line), flush=True)
        if step % 250 == 0 or step == options.steps:
            save()


if __name__ == "__main__":
    main()
