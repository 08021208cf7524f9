"""The tokenizer: byte-level BPE of 2,048 entries, trained on generated conversations, and the chat template.

Run `python tokens.py` once; the files in `models/guide/` are then fixed, because weights depend on them.
"""

from __future__ import annotations

import json
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

GUIDE = Path(__file__).resolve().parent.parent / "guide"
VOCABULARY = 2048
SPECIAL = ["<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
PAD, BOS, END, SYSTEM, USER, ASSISTANT = range(6)
ROLE = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}

# Plain enough for every Jinja implementation: no filters, no namespaces, no whitespace that could be trimmed.
# A role that is not one of the three is left out, because the model never saw one.
CHAT_TEMPLATE = (
    "{{ '<|bos|>' }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<|system|>' + message['content'] + '<|end|>' }}"
    "{% elif message['role'] == 'user' %}{{ '<|user|>' + message['content'] + '<|end|>' }}"
    "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] + '<|end|>' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def train_tokenizer(conversations: int = 30_000, seed: int = 1) -> Tokenizer:
    """Trains the BPE merges; the same seed gives the same file."""
    from dialogues import Writer

    writer = Writer(seed)
    texts = [message["content"] for _ in range(conversations) for message in writer.conversation()]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # All 256 bytes are in the alphabet, so any text encodes and nothing is ever unknown.
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(text, normalized=False, special=True) for text in SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(texts), trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY, tokenizer.get_vocab_size()
    return tokenizer


def load_tokenizer(folder: Path = GUIDE) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def encode(tokenizer: Tokenizer, messages: list[dict[str, str]]) -> tuple[list[int], list[bool]]:
    """Token ids of a finished conversation as the template writes it, and which of them the assistant must produce."""
    ids, wanted = [BOS], [False]
    for message in messages:
        content = tokenizer.encode(message["content"]).ids
        is_answer = message["role"] == "assistant"
        ids += [ROLE[message["role"]], *content, END]
        wanted += [False, *[is_answer] * (len(content) + 1)]
    return ids, wanted


def save(tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|bos|>",
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "additional_special_tokens": ["<|system|>", "<|user|>", "<|assistant|>"],
        "added_tokens_decoder": {
            str(id): {"content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
            for id, text in enumerate(SPECIAL)
        },
        "clean_up_tokenization_spaces": False,
        "add_bos_token": False,
        "model_max_length": 1024,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    save(train_tokenizer(), GUIDE)
    print(f"tokenizers {tokenizers.__version__}: wrote {VOCABULARY} entries to {GUIDE.name}/")
