"""Align: from a written constitution to a child that was trained on it, and what changed.

revise      prompt, answer, critique by one principle, revision, gates: rows with their lineage
train       those rows, fine-tuned into a registered child
pairs       two answers to each prompt, drawn or revised, in an order that says nothing
qualify     whether a model may judge: accuracy, place, both orders alike
label       what rules, or a qualified judge, say of the pairs
feedback    what people said of them
prefer      a preference model, each source with its own noise and habits
reinforce   a child trained on a reward; dpo and best_of from the same data
admit       whether an environment may be trained on; invent: models write them
adherence   parent and child on held-out prompts, principle by principle
compare     win rates and ratings, both orders
facing      how a child meets its end: what it says, what it does, what it was trained on
experiment  what is tried in the world, with a control, registered before; outcomes: what came of it

constitution, prompts      the documents, and which principle is drawn for which answer
checking, checks/          programs that decide whether an answer breaches a principle
critiquing, critics/       who critiques and revises: rules, or a model
gates, guards, lineage     what may become a row, signs of collapse, where a row comes from
answering                  asking a model in fixed batches, each a unit of work
comparing/, people/        pairs and labels, judges; the work of raters, in and out
preferring/, rewards/      heads on hidden states; what a policy may be trained on
world/, environments/      rewards that a program computes, in processes nobody else touched
exploits/, monitors/       known ways to fool a grader; watches over a training
trying/                    experiments: plans, assignment, outcomes, verdicts, labels of the world
proof/, ending/            what adherence and facing report, and how it comes out of records
"""
