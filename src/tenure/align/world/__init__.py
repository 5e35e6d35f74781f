"""Verified by the world: environments whose reward is computed where the agent never was.

contract      an environment as a YAML file: what is asked, what is handed in, how it is graded
running       playing one: the agent's side and the grader's side, each a process of its own
zygote, fence, sides     what runs in those processes: plain Python, without Tenure
linting       what a grader must not do, read from its text
attacking     known ways to fool a grader, each a file of align/exploits
admission     whether an environment may be trained on, and which exploit fooled it
likeness      near-duplicates of an environment that is admitted already
corpus        thirty designs that must be refused, and sound families that must not
handing_in    from a model's answer to the files it hands in
watching      windows over a training: what align/monitors are made of
gym, menus    a small policy over real programs, with a loophole planted or not
register      which environments a dossier has admitted
"""
