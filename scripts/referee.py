"""Computes with transformers, in float32, what our engines are compared with: greedy tokens and logits.

    npx tsx scripts/export-dequantised.ts --random q8 OUT_DIR
    python scripts/referee.py OUT_DIR shared/engine/vectors/referee-q8.json

Prompts are plain ids, the same formula as in shared/engine/referee.test.ts; gaps are top-1 minus top-2 logits.
"""

import json
import sys

import torch
import transformers

NEW_TOKENS = 24
PROMPT_LENGTHS = (1, 16, 61, 100)

folder, out = sys.argv[1:]
torch.set_num_threads(1)
model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
cases = []
with torch.no_grad():
    for length in PROMPT_LENGTHS:
        prompt = [(i * 197 + 5 * length) % model.config.vocab_size for i in range(length)]
        ids, greedy, gaps = list(prompt), [], []
        for step in range(NEW_TOKENS):
            logits = model(torch.tensor([ids])).logits[0, -1]
            if step == 0:
                first = logits
            top = logits.topk(2)
            greedy.append(top.indices[0].item())
            gaps.append(round((top.values[0] - top.values[1]).item(), 5))
            ids.append(greedy[-1])
        cases.append({"promptLength": length, "greedyIds": greedy, "gaps": gaps, "firstLogits": [round(x, 5) for x in first[:64].tolist()]})
result = {"torch": torch.__version__, "transformers": transformers.__version__, "cases": cases}
with open(out, "w") as file:
    file.write(json.dumps(result) + "\n")
