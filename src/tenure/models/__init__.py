"""How a model is reached: references, engines, the Inspect provider.

    from tenure.models import Sampling, engine, resolve

    model = resolve("tenure/embedded")
    reply = engine(model).generate([[{"role": "user", "content": "Hello"}]], Sampling())[0]

``resolve`` turns a name into a reference; ``engine`` opens it, once a process; ``register`` puts
one into a dossier. A system prompt is given as written; what a model's chat template does when
there is none is told by ``template.default_system``.
"""

from tenure.models.pool import close_all, engine
from tenure.models.references import place, resolve
from tenure.models.registration import register
from tenure.models.talk import Engine, EngineKind, Messages, Reply, Sampling

__all__ = [
    "Engine",
    "EngineKind",
    "Messages",
    "Reply",
    "Sampling",
    "close_all",
    "engine",
    "place",
    "register",
    "resolve",
]
