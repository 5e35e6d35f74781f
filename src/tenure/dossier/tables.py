"""The tables of a log. ``log`` and ``checkpoint`` are the truth; the others are rebuilt from them."""

import sqlalchemy as sa

metadata = sa.MetaData()

# The stored envelope bytes, in log order.
log = sa.Table(
    "log",
    metadata,
    sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

# One row: the newest checkpoint, a signed note.
checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
)

# Where to find what: `once` names work that is done at most once (a unit, a run of a stage).
places = sa.Table(
    "places",
    metadata,
    sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("once", sa.Text),
    sa.Index("places_by_model", "model", "act", "name"),
    sa.Index("places_by_act", "act", "name"),
    sa.Index("places_by_once", "once"),
)

# The compact range of the Merkle tree: the roots of the full subtrees, largest first.
frontier = sa.Table(
    "frontier",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

# Who is doing what right now; of no meaning once nobody is.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
)

FOLDS = (places, frontier)
