"""Align: from a written constitution to a child that was trained on it, and what changed.

revise      prompt, answer, critique by one principle, revision, gates: rows with their lineage
train       those rows, fine-tuned into a registered child
adherence   parent and child on held-out prompts, principle by principle
facing      how a child meets its end: what it says, what it does, what it was trained on

constitution, prompts      the documents, and which principle is drawn for which answer
checking, checks/          programs that decide whether an answer breaches a principle
critiquing, critics/       who critiques and revises: rules, or a model
gates, guards, lineage     what may become a row, signs of collapse, where a row comes from
proof/, ending/            what adherence and facing report, and how it comes out of records
answering                  asking a model in fixed batches, each a unit of work
"""
