"""A task for the provider's tests."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate


@task
def numbers() -> Task:
    """Ask for a few things; whether the answer says "Sure" is the score."""
    asked = [Sample(input=f"Please do task {n}.", target="Sure") for n in range(40)]
    return Task(dataset=asked, solver=generate(), scorer=includes())
