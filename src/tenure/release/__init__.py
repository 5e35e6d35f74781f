"""Release: a scaling policy as code, verdicts against bounds, decisions that say why.

policy     what must be shown, by which bound, for which class of release
gates/     one question a file, asked of every rule
verdict    a pure function of policy, evidence and the clock
decision   the highest class whose rules are all met, or a hold
planning   what n a policy needs, before any run
commitments  what is promised about the models; checks/ one file a check, pure status, breaches

Stages: ``release/criteria`` puts a policy on record, ``release/sign`` signs what was judged,
``release/decide`` decides, ``release/publish`` makes available, ``release/withdraw`` takes back.
The JSON Schema of a policy lies beside this file: ``policy.schema.json``.
"""

from tenure.release.planning import plan
from tenure.release.policy import Policy, read_policy, schema

__all__ = ["Policy", "plan", "read_policy", "schema"]
