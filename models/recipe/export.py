"""Writes a training checkpoint as `models/guide/` in the Hugging Face layout, with float16 weights.

    python export.py runs/main/checkpoint.pt
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from model import CONFIG
from tokens import BOS, END, GUIDE, PAD


def hugging_face_name(name: str) -> str:
    """Maps a parameter name of `model.Guide` to the one that `LlamaForCausalLM` uses."""
    for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
        name = name.replace(f".{part}.", f".self_attn.{part}.")
    for part in ("gate_proj", "up_proj", "down_proj"):
        name = name.replace(f".{part}.", f".mlp.{part}.")
    return f"model.{name}"


def export(checkpoint: Path, folder: Path = GUIDE) -> None:
    """Writes weights and configuration; the tokenizer files are already there."""
    weights = torch.load(checkpoint)["model"]
    half = {hugging_face_name(name): value.to(torch.float16).contiguous() for name, value in weights.items()}
    assert all(torch.isfinite(value).all() for value in half.values()), "a weight does not fit float16"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(half, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        **CONFIG,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "bos_token_id": BOS,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "torch_dtype": "float16",
        "use_cache": True,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generation = {"bos_token_id": BOS, "eos_token_id": END, "pad_token_id": PAD, "do_sample": False, "max_new_tokens": 80}
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")


if __name__ == "__main__":
    export(Path(sys.argv[1]))
