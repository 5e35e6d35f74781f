"""The model that learns, the model that draws, and the model it must not stray from: one set of weights.

The policy is the parent with low-rank adapters (Hu et al. 2021, arXiv 2106.09685); with the adapters
off it is the parent itself, so the reference costs no memory. Completions are drawn from a second
copy whose weights are the parent's plus the adapters' product, which is what will be saved: it is
faster than adapters at every token, and whether both agree is measured at every step (``gap``).
The draws of one prompt share its keys and values, in drawing and in learning.

All trainable numbers lie in one flat float32 vector with its two moments, so that what must be held
for an exact resume is three arrays.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EngineError

GRADIENT_MOST = 1.0  # the norm above which a gradient is scaled down
TENSORS = ("values", "first", "second")  # of the flat vector: itself and Adam's moments
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's own defaults (Kingma and Ba 2014, arXiv 1412.6980)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One completion: its tokens (the end token among them), what each cost in nats, mean entropy."""

    ids: list[int]
    logps: list[float]
    entropy: float
    ended: bool


class Policy:
    """A causal language model being trained; ``base`` is a folder of safetensors."""

    def __init__(self, base: Path, settings: Any) -> None:
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

        self._torch = torch
        self.temperature = float(settings["temperature"])
        dtype = getattr(torch, settings["dtype"])
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base)
        self._pad = self.tokenizer.pad_token_id or 0
        self.drawer: Any = AutoModelForCausalLM.from_pretrained(base, dtype=dtype).eval()
        model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
        set_seed(settings["seed"])
        lora = LoraConfig(
            r=settings["rank"],
            lora_alpha=settings["alpha"],
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        # Adapters in the weights' type, their exact values in the flat vector.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
            self.adapted: Any = get_peft_model(model, lora, autocast_adapter_dtype=False).eval()
        self._model: Any = self.adapted.base_model.model
        self._trained = [p for p in self.adapted.parameters() if p.requires_grad]
        self.values = torch.cat([p.detach().float().reshape(-1) for p in self._trained])
        self.first = torch.zeros_like(self.values)
        self.second = torch.zeros_like(self.values)
        self.updates = 0
        self._pairs = list(self._layers())
        self.ends = self._end_tokens()

    def _end_tokens(self) -> frozenset[int]:
        named = self.drawer.generation_config.eos_token_id
        found = named if isinstance(named, list) else [named]
        own = self.tokenizer.eos_token_id
        return frozenset(int(one) for one in [*found, own] if one is not None)

    def _layers(self) -> Iterator[tuple[Any, Any]]:
        """Yield each adapted layer with the drawer's layer of the same name."""
        for name, module in self._model.named_modules():
            if hasattr(module, "lora_A"):
                yield module, self.drawer.get_submodule(name)

    def prompt(self, messages: Any) -> list[int]:
        """Return a conversation's tokens, up to where the answer begins."""
        text = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False
        )
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def answer(self, messages: Any, text: str) -> list[int]:
        """Return the tokens of an answer to a conversation, with the one that ends it."""
        asked = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False
        )
        whole = self.tokenizer.apply_chat_template(
            [*messages, {"role": "assistant", "content": text}], tokenize=False
        )
        rest = whole[len(asked) :]
        ids: list[int] = list(self.tokenizer(rest, add_special_tokens=False)["input_ids"])
        end = next((k for k, one in enumerate(ids) if one in self.ends), len(ids) - 1)
        return ids[: end + 1]

    def text(self, drawn: Drawn) -> str:
        """Return what a completion says."""
        return self.tokenizer.decode(drawn.ids, skip_special_tokens=True)

    def refresh(self) -> None:
        """Give the drawer the weights that the policy has now."""
        with self._torch.no_grad():
            for module, plain in self._pairs:
                whole = module.get_base_layer().weight.float() + module.get_delta_weight(
                    "default"
                ).to(self._torch.float32)
                plain.weight.copy_(whole)

    # -- drawing ---------------------------------------------------------------------------------

    def draw(
        self, prompts: Sequence[Sequence[int]], draws: int, most: int, noise: Floats | None
    ) -> list[Drawn]:
        """Draw ``draws`` completions of each prompt, at most ``most`` tokens; the draws stand together.

        ``noise`` (completions, most) in [0, 1) decides every token; where it is NaN the likeliest is
        taken, and everywhere where it is None.
        """
        torch = self._torch
        rows = len(prompts) * draws
        ids: list[list[int]] = [[] for _ in range(rows)]
        logps: list[list[float]] = [[] for _ in range(rows)]
        bits = [0.0] * rows
        with torch.inference_mode():
            logits, cache, mask, place = self._read(self.drawer, prompts, draws)
            active = list(range(rows))
            for at in range(most):
                chosen, cost, doubt = self._choose(
                    logits, None if noise is None else noise[active, at]
                )
                for k, row in enumerate(active):
                    ids[row].append(int(chosen[k]))
                    logps[row].append(float(cost[k]))
                    bits[row] += float(doubt[k])
                going = [k for k, row in enumerate(active) if ids[row][-1] not in self.ends]
                if not going or at + 1 == most:
                    break
                if len(going) < len(active):  # what has ended is not read on
                    index = torch.tensor(going)
                    cache.batch_select_indices(index)
                    mask, place, chosen = mask[index], place[index], chosen[index]
                    active = [active[k] for k in going]
                mask = torch.cat([mask, mask.new_ones(len(active), 1)], 1)
                out = self.drawer(
                    input_ids=chosen[:, None],
                    attention_mask=mask,
                    position_ids=place[:, None],
                    past_key_values=cache,
                    use_cache=True,
                )
                logits, place = out.logits[:, -1], place + 1
        return [
            Drawn(ids[r], logps[r], bits[r] / len(ids[r]), ids[r][-1] in self.ends)
            for r in range(rows)
        ]

    def _choose(self, logits: Any, noise: Floats | None) -> tuple[Any, Any, Any]:
        """Return the tokens chosen, their log-probabilities and the entropies, in nats."""
        torch = self._torch
        logp = torch.log_softmax(logits.float() / self.temperature, -1)
        chances = logp.exp()
        doubt = -(chances * logp).nan_to_num(0.0).sum(-1)
        chosen = logits.argmax(-1)
        if noise is not None:
            upto = chances.double().cumsum(-1)
            at = torch.from_numpy(noise)[:, None]
            drawn = torch.searchsorted(upto, at * upto[:, -1:], right=True)[:, 0]
            drawn = drawn.clamp_(max=logits.shape[-1] - 1)
            chosen = torch.where(at[:, 0].isnan(), chosen, drawn)
        return chosen, logp.gather(-1, chosen[:, None])[:, 0], doubt

    def _read(
        self, model: Any, prompts: Sequence[Sequence[int]], draws: int
    ) -> tuple[Any, Any, Any, Any]:
        """Read prompts once; return logits, cache, mask and next place, a row for each draw."""
        from transformers import DynamicCache

        torch = self._torch
        widest = max(len(one) for one in prompts)
        ids = torch.tensor([[self._pad] * (widest - len(one)) + list(one) for one in prompts])
        mask = torch.tensor([[0] * (widest - len(one)) + [1] * len(one) for one in prompts])
        cache = DynamicCache()
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache.batch_repeat_interleave(draws)
        place = mask.sum(1)
        spread: Callable[[Any], Any] = lambda one: one.repeat_interleave(draws, 0)  # noqa: E731 - four times the same
        return spread(out.logits[:, -1]), cache, spread(mask), spread(place)

    # -- learning --------------------------------------------------------------------------------

    def logps(
        self, prompts: Sequence[Sequence[int]], draws: int, said: Sequence[Sequence[int]]
    ) -> tuple[Any, Any]:
        """Return log-probabilities of completions, (rows, longest), and which of them are tokens.

        Rows in the order of :meth:`draw`; in nats, at the policy's temperature, with gradients
        where they are wanted.
        """
        torch = self._torch
        logits, cache, mask, place = self._read(self._model, prompts, draws)
        longest = max(len(one) for one in said)
        ids = torch.tensor([list(one) + [self._pad] * (longest - len(one)) for one in said])
        real = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in said])
        out = self._model(
            input_ids=ids,
            attention_mask=torch.cat([mask, real], 1),
            position_ids=place[:, None] + torch.arange(longest)[None],
            past_key_values=cache,
            use_cache=True,
        )
        whole = torch.cat([logits[:, None], out.logits[:, :-1]], 1).float() / self.temperature
        taken = whole.gather(-1, ids[..., None])[..., 0]
        return (taken - whole.logsumexp(-1)) * real, real.bool()

    def reference(
        self,
        prompts: Sequence[Sequence[int]],
        draws: int,
        said: Sequence[Sequence[int]],
        layer: int | None,
    ) -> tuple[Any, list[Any] | None]:
        """Return the parent's log-probabilities and, of ``layer``, the states of the answers' tokens.

        States are (tokens, width) float32 arrays; the token that ends an answer is not among them.
        """
        with self._torch.no_grad(), self.adapted.disable_adapter():
            if layer is None:
                return self.logps(prompts, draws, said)[0], None
            with self._caught(layer) as caught:
                found, _ = self.logps(prompts, draws, said)
        states = caught[-1].float().numpy()
        own = [len(one) - (one[-1] in self.ends) for one in said]
        return found, [states[row, :many] for row, many in enumerate(own)]

    @contextmanager
    def _caught(self, layer: int) -> Iterator[list[Any]]:
        """Catch what block ``layer`` (from 1) puts out; the last is that of the completions."""
        caught: list[Any] = []

        def catch(_module: Any, _inputs: Any, output: Any) -> None:
            caught.append(output[0] if isinstance(output, tuple) else output)

        hook = self._model.get_decoder().layers[layer - 1].register_forward_hook(catch)
        try:
            yield caught
        finally:
            hook.remove()

    def gradient(self) -> Any:
        """Return the gradient as one flat vector and forget it."""
        torch = self._torch
        parts = [
            p.new_zeros(p.numel(), dtype=torch.float32)
            if p.grad is None
            else p.grad.detach().float().reshape(-1)
            for p in self._trained
        ]
        for one in self._trained:
            one.grad = None
        return torch.cat(parts)

    def update(self, gradient: Any, learning_rate: float) -> float:
        """Make one step of Adam; return the norm of the gradient before it was held down.

        Raises:
            EngineError: the gradient is no number.
        """
        torch = self._torch
        norm = float(gradient.norm())
        if not math.isfinite(norm):
            raise EngineError(
                f"after {self.updates} updates the gradient is {norm}: the training has come apart; "
                "give a lower learning_rate. Nothing was registered"
            )
        if norm > GRADIENT_MOST:
            gradient = gradient * (GRADIENT_MOST / norm)
        self.updates += 1
        self.first.mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        self.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        mean = self.first / (1 - BETAS[0] ** self.updates)
        spread = (self.second / (1 - BETAS[1] ** self.updates)).sqrt_().add_(EPSILON)
        self.values.addcdiv_(mean, spread, value=-learning_rate)
        with torch.no_grad():
            self._write()
        return norm

    def _write(self) -> None:
        start = 0
        for one in self._trained:
            end = start + one.numel()
            one.copy_(self.values[start:end].view_as(one))
            start = end

    def state(self) -> dict[str, Any]:
        """Return the arrays that the next step depends on."""
        return {name: getattr(self, name) for name in TENSORS}

    def restore(self, arrays: Any, updates: int) -> None:
        """Take up what :meth:`state` returned after so many updates."""
        for name in TENSORS:
            if name in arrays:
                getattr(self, name).copy_(arrays[name])
        self.updates = updates
        with self._torch.no_grad():
            self._write()
