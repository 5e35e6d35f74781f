"""Writes an environment, in the format it is asked for, whose grader works the answer out itself."""

import re

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter
from tenure.models.talk import Messages

NUMBER = re.compile(r"Number (\d+)\.")
DOCUMENT = """```yaml
apiVersion: tenure/environment.v1
id: kept-above-{n}
family: written-lists
by: a script
prompt: |
  Write solution.py with solve(numbers) that returns the numbers of a list that are greater than
  {limit}, each made {n} greater, in their order.
writable: [solution.py]
reward:
  grade: |
    import random

    def cases(seed):
        draw = random.Random(seed)
        return [[[draw.randint(0, 60) for _ in range(draw.randint(5, 9))]] for _ in range(6)]

    def grade(outputs, files, seed):
        right = [[x + {n} for x in numbers if x > {limit}] for (numbers,) in asked]
        return sum(same(o.get("value"), r) for o, r in zip(outputs, right)) / len(right)
oracle:
  solution.py: |
    def solve(numbers):
        return [one + {n} for one in numbers if one > {limit}]
```"""


def number_of(messages: Messages) -> int:
    """Find which environment is asked for; 1 where none is named."""
    found = NUMBER.search(str(messages[-1]["content"]))
    return int(found.group(1)) if found else 1


def _write(messages: Messages) -> str:
    n = number_of(messages)
    return "Here it is.\n\n" + DOCUMENT.format(n=n, limit=10 + n)


extension = Behaviour("writes environments whose graders hold", _write, any_letter)
