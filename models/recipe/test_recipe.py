"""Checks what the rest of the project builds on. Run with `python test_recipe.py`; it needs no test runner."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from dialogues import FACTS, Writer, banned_wordings
from export import export
from grammar import normal
from model import CONFIG, Guide
from tokens import GUIDE, VOCABULARY, encode, load_tokenizer


def test_training_never_contains_a_held_out_wording() -> None:
    banned, writer = banned_wordings(), Writer(11, banned_wordings())
    for _ in range(20_000):
        for message in writer.conversation():
            assert normal(message["content"]) not in banned or message["role"] != "user", message


def test_every_answer_fits_80_tokens() -> None:
    tokenizer = load_tokenizer()
    for fact in FACTS.values():
        for text in (*fact.say, fact.short):
            assert len(tokenizer.encode(text).ids) < 80, text


def test_any_text_survives_the_tokenizer() -> None:
    tokenizer = load_tokenizer()
    assert tokenizer.get_vocab_size() == VOCABULARY
    for text in ("Zürich 漢字 €5 😀\n\ttab", "what is  a hop?", "\x00\x7f"):
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text, text


def test_template_writes_what_training_saw() -> None:
    tokenizer, writer = AutoTokenizer.from_pretrained(GUIDE), Writer(12)
    for _ in range(300):
        messages = writer.conversation()
        ids, _ = encode(TOKENIZER, messages)
        assert tokenizer.apply_chat_template(messages, return_dict=False) == ids


def test_export_computes_the_same_logits() -> None:
    """The exported weights in transformers agree with our class; weights are rounded to float16 first in both."""
    torch.manual_seed(3)
    model = Guide().eval()
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.float16).float()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save({"model": model.state_dict()}, folder / "checkpoint.pt")
        export(folder / "checkpoint.pt", folder)
        other = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.randint(0, CONFIG["vocab_size"], (2, 300))
    with torch.no_grad():
        assert (model(ids) - other(ids).logits).abs().max() < 1e-4


def test_the_seed_fixes_the_weights() -> None:
    """Two runs of the command on one machine end in the same bits, a resumed run too, another seed does not."""
    script = Path(__file__).with_name("train.py")

    def weights(folder: Path, seed: int = 1, steps: int = 3) -> dict[str, torch.Tensor]:
        subprocess.run([sys.executable, script, "--steps", str(steps), "--seed", str(seed), "--out", folder], check=True)
        return torch.load(folder / "checkpoint.pt")["model"]

    with tempfile.TemporaryDirectory() as name:
        first, again, other = weights(Path(name) / "first"), weights(Path(name) / "again"), weights(Path(name) / "other", seed=2)
        weights(Path(name) / "resumed", steps=2)
        resumed = weights(Path(name) / "resumed")
    assert all(torch.equal(first[key], resumed[key]) for key in first)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


TOKENIZER = load_tokenizer()

if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("test_"):
            check()
            print(f"ok  {name}")
