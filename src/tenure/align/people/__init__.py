"""People who compare answers: what they said, who is asked what next, how far they can be relied on.

said      signed answers and what stands of them; who the raters are
gold      pairs whose better answer is known
jsonl     rows of a file somebody wrote, each with its line
routing   which pair a rater sees next: useful, uniform, known, or again in the other order
agreeing  a rater beside the model, beside another, beside what is known, beside oneself
drafting  a model drafts a comparison, for a person to overrule
budgeting how many answers a win rate still needs
exchange  preferences in the form that TRL reads, out and in
argilla   preferences as Argilla writes them, in
"""
