"""Packages to and from others: BagIt, OCI with ModelPack media types, OCFL, and a plain model folder."""
