"""Packs: one file for one original file, smaller, exact to the byte (specification: in_vault/FORMAT.txt).

``pack_file`` writes one, ``open_pack`` and ``opened`` read one; ``PlainBase`` and ``PackBase`` give the
file a fine-tune is packed against, ``choose_base`` finds it. ``kernel`` is the fast form, never needed.
"""

from tenure.preserve.packing.base import BaseFile, PlainBase, choose_base, similarity
from tenure.preserve.packing.reader import Pack, PackBase, open_pack, opened
from tenure.preserve.packing.writer import Packed, pack_file

__all__ = [
    "BaseFile",
    "Pack",
    "PackBase",
    "Packed",
    "PlainBase",
    "choose_base",
    "open_pack",
    "opened",
    "pack_file",
    "similarity",
]
