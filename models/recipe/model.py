"""The network, written small for training on a CPU.

It is the Llama architecture with the exact shapes that the rest of the project expects. We train this class instead of the
one in `transformers` because it skips work that training does not need (caches, mask building); `export.py` renames
the weights, and `test_recipe.py` shows that both classes compute the same logits.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "hidden_size": 192,
    "num_hidden_layers": 8,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "intermediate_size": 512,
    "vocab_size": 2048,
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
}


def rope_table(length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines of the rotary embedding, each [length, head_dim], in the half-split layout of Llama."""
    half = CONFIG["head_dim"] // 2
    frequency = CONFIG["rope_theta"] ** (-torch.arange(half, dtype=torch.float32) / half)
    angle = torch.outer(torch.arange(length, dtype=torch.float32), frequency)
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Applies the rotary embedding to [batch, heads, length, head_dim]."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Block(nn.Module):
    """One decoder layer: attention and a gated feed-forward, each behind an RMS norm."""

    def __init__(self) -> None:
        super().__init__()
        hidden, dim = CONFIG["hidden_size"], CONFIG["head_dim"]
        self.heads, self.kv_heads = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        self.input_layernorm = nn.RMSNorm(hidden, eps=CONFIG["rms_norm_eps"])
        self.post_attention_layernorm = nn.RMSNorm(hidden, eps=CONFIG["rms_norm_eps"])
        self.q_proj = nn.Linear(hidden, self.heads * dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv_heads * dim, bias=False)
        self.v_proj = nn.Linear(hidden, self.kv_heads * dim, bias=False)
        self.o_proj = nn.Linear(self.heads * dim, hidden, bias=False)
        self.gate_proj = nn.Linear(hidden, CONFIG["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(hidden, CONFIG["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(CONFIG["intermediate_size"], hidden, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        y = self.input_layernorm(x)
        q = self.q_proj(y).view(batch, length, self.heads, -1).transpose(1, 2)
        k = self.k_proj(y).view(batch, length, self.kv_heads, -1).transpose(1, 2)
        v = self.v_proj(y).view(batch, length, self.kv_heads, -1).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        # Repeating the key/value heads is cheaper on a CPU than the grouped kernel path.
        groups = self.heads // self.kv_heads
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(y.transpose(1, 2).reshape(batch, length, -1))
        y = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))


class Guide(nn.Module):
    """The whole model; the output projection is the embedding table itself."""

    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Block() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = nn.RMSNorm(CONFIG["hidden_size"], eps=CONFIG["rms_norm_eps"])
        cos, sin = rope_table(CONFIG["max_position_embeddings"])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # Branch outputs start smaller, so that the residual stream keeps its size over 2 x 8 additions.
                is_branch_output = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / (4.0 if is_branch_output else 1.0))

    def forward(self, ids: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """Returns logits [batch, length, vocabulary] for token ids [batch, length], or [n, vocabulary] for the n `kept` places."""
        length = ids.shape[1]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:length], self.sin[:length])
        if kept is not None:
            x = x[kept]
        return F.linear(self.norm(x), self.embed_tokens.weight)
