"""distilabel's transformers backend, asked over a pipe by bench/critique.py.

    PYTHON bench/_critique_rivals.py FOLDER

Run by an interpreter that has distilabel (pip install 'distilabel[hf-transformers]'); it needs nothing of
Tenure. The first line it prints is {"ready": ...} or {"missing": why}; then, for each line of
{"conversations": [...], "max_tokens": n}, one of {"texts": [...], "tokens": n, "seconds": s}.
"""

import json
import sys
import time


def opened(folder):
    """Open the model as distilabel does, on the CPU."""
    import distilabel
    from distilabel.models.llms.huggingface.transformers import TransformersLLM

    llm = TransformersLLM(model=folder, device="cpu")
    llm.load()
    # It leaves the model's own sampling settings alone; here every contender is greedy.
    return llm, distilabel.__version__


def answered(llm, asked):
    """Answer one batch through its own `generate`."""
    began = time.perf_counter()
    found = llm.generate(
        inputs=asked["conversations"],
        max_new_tokens=asked["max_tokens"],
        do_sample=False,
        repetition_penalty=1.0,
    )
    seconds = time.perf_counter() - began
    texts = [one["generations"][0] or "" for one in found]
    tokens = sum(one["statistics"]["output_tokens"][0] for one in found)
    return {"texts": texts, "tokens": tokens, "seconds": seconds}


def main():
    """Answer line by line; what libraries print goes to stderr."""
    said, sys.stdout = sys.stdout, sys.stderr

    def tell(value):
        print(json.dumps(value), file=said, flush=True)

    try:
        llm, version = opened(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - whatever keeps it from opening is the reason
        tell({"missing": f"{type(error).__name__}: {str(error)[:160]}"})
        return
    tell({"ready": version})
    for line in sys.stdin:
        tell(answered(llm, json.loads(line)))


if __name__ == "__main__":
    main()
